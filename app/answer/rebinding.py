"""Where an answer from the internet has no business to lead: into the home. Pure.

By its addresses, in A and AAAA records and in HTTPS and SVCB records, whose hints browsers dial too (RFC 9460 7.3); and
by the names that it leads to, for whoever asks for one of the home's next gets an address of the home. What counts is
the name that was asked: one that may lead home may do so over any other, and no other may do so over it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, final

from app import dnsname
from app.errors import UpstreamError
from app.networks import AddressSet, IPNetwork

from . import edns, records, wire
from .policy import Matcher
from .records import QNAME, LocalResponse, Target
from .wire import Rcode, UpstreamResponse

SETTING = "resolver.rebind_protection"
_TTL_S = 60
_MOST_HINTS = 256
"""Service records and addresses in them, of one answer: a stranger could send as many as 16000."""
_ADDRESS_OCTETS = {wire.TYPE_A: 4, wire.TYPE_AAAA: 16}
_TRANSLATION = "ipv4only.arpa", {b"\xc0\0\0\xaa", b"\xc0\0\0\xab"}
"""By the true answer for this name phones learn whether their network translates addresses (RFC 7050 3, RFC 8880)."""
_NUMBER = re.compile("[0-9]+|0x[0-9a-f]*")
"""No top-level domain is one. What ends in it, programs take for an IPv4 address (URL Standard 3.5, inet_aton(3))."""


@final
class HomeLead(NamedTuple):
    """An answer leads home: to the name `target`, or by its addresses where that is empty. `rest` is what remains."""

    target: str
    rest: LocalResponse


@final
class RebindProtection:
    """`networks` are those of homes; what is asked at or below a name in `exceptions` may lead there. These, and what
    `served` matches, are the names of the home."""

    __slots__ = ("_concerned", "_exceptions", "_inside", "_is_on", "_served")

    def __init__(
        self, networks: Iterable[IPNetwork] = (), exceptions: Iterable[str] = (), served: Sequence[Matcher] = ()
    ) -> None:
        self._inside = AddressSet(networks)
        self._is_on = bool(self._inside)
        self._exceptions = frozenset(exceptions)
        self._served = served
        self._concerned = self._exceptions.union(*(matcher.concerned for matcher in served))

    def leads_home(self, asked: str, response: UpstreamResponse, targets: Sequence[Target]) -> HomeLead | None:
        """How the response for the name `asked` does, whose answer leads to `targets`; None: it does not, or may.

        Raises UpstreamError if a record cannot be read, and for more hints than anybody needs.
        """
        if not self._is_on or response.flags & wire.AA:
            return None  # unbound sets AA on nothing but what its owner told it to answer, in a snippet
        octets, inside, outside = response.octets, False, False
        for number, rtype in enumerate(response.types):
            if rtype not in _ADDRESS_OCTETS:
                continue
            length, at = _ADDRESS_OCTETS[rtype], response.ttl_offsets[number] + 6
            if octets[at - 1] != length or octets[at - 2]:
                raise UpstreamError("an address in the response is malformed")
            address = octets[at : at + length]
            if address in self._inside and self._is_inside(asked, address):
                inside = True
            elif number < response.answers:
                outside = True
        if not inside and not response.has_targets:
            return None
        return self._lead(asked, response, targets, inside=inside, outside=outside)

    def _lead(
        self, asked: str, response: UpstreamResponse, targets: Sequence[Target], *, inside: bool, outside: bool
    ) -> HomeLead | None:
        """Of a response that has addresses `inside`, or leads to another name; `outside`: its answer has some there."""
        has_hint = self._has_hint_inside(asked, response)
        if self._is_exception(dnsname.suffixes(asked)):
            return None
        if inside or has_hint:
            return HomeLead("", nothing() if has_hint else self._without_inside(asked, response))
        # An alias that ends at addresses outside is none to follow; a service is at its target in any case.
        leading = (each.name for each in targets if each.is_service or not outside)
        target = next((name for name in leading if self._is_of_home(name)), None)
        return None if target is None else HomeLead(target, nothing())

    def _has_hint_inside(self, asked: str, response: UpstreamResponse) -> bool:
        octets, left, found = response.octets, _MOST_HINTS, False
        for rtype, ttl_at in zip(response.types[: response.answers], response.ttl_offsets, strict=False):
            if rtype in wire.SERVICE_TYPES:
                length = octets[ttl_at + 4] << 8 | octets[ttl_at + 5]
                hints = records.hints(octets[ttl_at + 6 : ttl_at + 6 + length], left)
                left -= 1 + len(hints)
                if left < 0:
                    raise UpstreamError("the response has too many addresses")
                found = found or any(self._is_inside(asked, hint.packed) for hint in hints)
        return found

    def _is_inside(self, asked: str, address: bytes) -> bool:
        name, translated = _TRANSLATION
        return address in self._inside and not (asked == name and address[-4:] in translated)

    def _is_exception(self, suffixes: Sequence[str]) -> bool:
        return not self._exceptions.isdisjoint(suffixes)

    def _is_of_home(self, name: str) -> bool:
        if _NUMBER.fullmatch(name.rpartition(".")[2]):
            return True
        suffixes = dnsname.suffixes(name)
        if self._concerned.isdisjoint(suffixes):
            return False
        return self._is_exception(suffixes) or any(matcher.match(suffixes) for matcher in self._served)

    def _without_inside(self, asked: str, response: UpstreamResponse) -> LocalResponse:
        """The response but for addresses inside; nothing if its answer has no others."""
        sections: tuple[list[bytes], ...] = ([], [], [])
        lost = kept = False
        for each in records.read(response.octets):
            is_address = each.type in _ADDRESS_OCTETS
            if is_address and self._is_inside(asked, each.rdata):
                lost = lost or each.section == records.ANSWER
                continue
            kept = kept or (is_address and each.section == records.ANSWER)
            sections[each.section].append(each.octets())
        if (lost and not kept) or response.rcode != Rcode.NOERROR:
            return nothing()
        answer, authority, additional = map(tuple, sections)
        return LocalResponse(answer=answer, authority=authority, additional=additional, errors=_REASON)


_REASON = edns.extended_error(edns.EDE_BLOCKED, SETTING)


def nothing() -> LocalResponse:
    """In place of such an answer: there is no such record, so a client goes on with other types (RFC 9460 3)."""
    return LocalResponse(authority=(records.soa(QNAME, _TTL_S),), errors=_REASON)
