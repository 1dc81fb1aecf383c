"""The records of the home: names with addresses, other names for names, and the way back from addresses. Pure."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import final

from app import dnsname

from . import records, wire
from .records import QNAME, LocalResponse

IPAddress = IPv4Address | IPv6Address

TTL_S = 60
"""A device that gets a new address at home is found again within a minute."""

_MOST_ALIASES = 8
_OF_AN_ALIAS = {wire.TYPE_CNAME, wire.TYPE_ANY}
"""What an alias answers by itself (RFC 1034 3.6.2); who asks for everything gets nothing made up (RFC 8482 4.2)."""
_LOOPBACK = {IPv4Address("127.0.0.1"): "localhost", IPv6Address("::1"): "localhost"}


@final
class LocalRecords:
    """`addresses` by name, and `aliases` (CNAME) by name; no name is in both. All names are in lower case.

    A name here is wholly ours: types that it does not have are NODATA. An address leads back to the first name with it.
    """

    __slots__ = ("_addresses", "_aliases", "_pointers", "concerned")

    def __init__(self, addresses: Mapping[str, Sequence[IPAddress]], aliases: Mapping[str, str]) -> None:
        self._addresses = addresses
        self._aliases = aliases
        self._pointers: dict[str, str] = {}
        named = [(value, name) for name, values in addresses.items() for value in values]
        for value, name in (*named, *_LOOPBACK.items()):
            self._pointers.setdefault(value.reverse_pointer, name)
        self.concerned = frozenset((*addresses, *aliases, *self._pointers))

    def match(self, suffixes: Sequence[str]) -> tuple[str, str] | None:
        """A record covers its own name only: below it there are none."""
        name = suffixes[0]
        if name in self._addresses or name in self._aliases:
            return name, "local"
        return (name, f"local: {self._pointers[name]}") if name in self._pointers else None

    def answer(self, name: str, qtype: int) -> LocalResponse:
        """The answer for a name that `match` has a rule for; its `chase` is set if an alias leads to a name that
        none of our records is for."""
        found, name, owner = self._aliased(name, qtype)
        if found and qtype in _OF_AN_ALIAS:
            return LocalResponse(answer=found)
        if name in self._addresses:
            values = (value for value in self._addresses[name] if records.address_type(value) == qtype)
            mine = [records.address(owner, value, TTL_S) for value in values]
        elif name in self._pointers:
            pointer = dnsname.to_wire(self._pointers[name])
            mine = [records.record(owner, wire.TYPE_PTR, TTL_S, pointer)] if qtype == wire.TYPE_PTR else []
        else:
            return LocalResponse(answer=found, chase=name)
        return LocalResponse(answer=(*found, *mine), authority=() if mine else (records.soa(owner, TTL_S),))

    def _aliased(self, name: str, qtype: int) -> tuple[tuple[bytes, ...], str, bytes]:
        """The aliases from `name` on, the name that they lead to, and how that is written as the owner of a record."""
        owner = QNAME
        found: list[bytes] = []
        for _ in range(_MOST_ALIASES):
            target = self._aliases.get(name)
            if target is None or (qtype in _OF_AN_ALIAS and found):
                break
            found.append(records.record(owner, wire.TYPE_CNAME, TTL_S, dnsname.to_wire(target)))
            name, owner = target, dnsname.to_wire(target)
        return tuple(found), name, owner
