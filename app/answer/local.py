"""The house's own records: names with addresses, other names for names, and the way back from addresses. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address

from . import names, records, wire
from .records import ASKED, Made

IPAddress = IPv4Address | IPv6Address

TTL_S = 60
"""A device that gets a new address at home is found again within a minute."""

_MOST_ALIASES = 8
_OF_AN_ALIAS = {records.TYPE_CNAME, wire.TYPE_ANY}
"""What an alias answers by itself (RFC 1034 3.6.2); who asks for everything gets nothing made up (RFC 8482 4.2)."""
_LOOPBACK = {IPv4Address("127.0.0.1"): "localhost", IPv6Address("::1"): "localhost"}


class Local:
    """`addresses` by name, and `aliases` (CNAME) by name; no name is in both. All names are as `names.asked` has them.

    A name here is wholly ours: types that it does not have are NODATA. An address leads back to the first name with it.
    """

    def __init__(self, addresses: Mapping[str, Sequence[IPAddress]], aliases: Mapping[str, str]) -> None:
        self._addresses = addresses
        self._aliases = aliases
        self._pointers: dict[str, str] = {}
        named = [(value, name) for name, values in addresses.items() for value in values]
        for value, name in (*named, *_LOOPBACK.items()):
            self._pointers.setdefault(value.reverse_pointer, name)

    @property
    def names(self) -> Iterable[str]:
        yield from self._addresses
        yield from self._aliases
        yield from self._pointers

    def covering(self, suffixes: Sequence[str]) -> tuple[str, str] | None:
        """A record covers its own name only: below it there are none."""
        name = suffixes[0]
        if name in self._addresses or name in self._aliases:
            return name, "local"
        return (name, f"local: {self._pointers[name]}") if name in self._pointers else None

    def answer(self, name: str, qtype: int) -> Made:
        """The answer for a name that `covering` covers; its `chase` is set if an alias leads to a name that none of our
        records is for."""
        owner = ASKED
        found: list[bytes] = []
        for _ in range(_MOST_ALIASES):
            target = self._aliases.get(name)
            if target is None or (qtype in _OF_AN_ALIAS and found):
                break
            found.append(records.record(owner, records.TYPE_CNAME, TTL_S, names.text_to_wire(target)))
            name, owner = target, names.text_to_wire(target)
        if found and qtype in _OF_AN_ALIAS:
            return Made(answer=tuple(found))
        if name in self._addresses:
            values = (value for value in self._addresses[name] if records.address_type(value) == qtype)
            mine = [records.address(owner, value, TTL_S) for value in values]
        elif name in self._pointers:
            pointer = names.text_to_wire(self._pointers[name])
            mine = [records.record(owner, records.TYPE_PTR, TTL_S, pointer)] if qtype == records.TYPE_PTR else []
        else:
            return Made(answer=tuple(found), chase=name)
        return Made(answer=(*found, *mine), authority=() if mine else (records.soa(owner, TTL_S),))
