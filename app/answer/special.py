"""The answers for special names; which these are stands in `app.specialnames`. Pure."""

from collections.abc import Container, Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import final

from app import dnsname
from app.specialnames import SPECIAL_NAMES, Treatment

from . import records, wire
from .ddr import Designation
from .policy import Match
from .records import QNAME, LocalResponse
from .wire import Rcode

DISCOVERY = "_dns.resolver.arpa"
_OWN_DISCOVERY_DOCUMENT = "RFC 9462 5"

_TREATMENTS = {name: each.treatment for each in SPECIAL_NAMES for name in each.names}

_HINFO_TTL_S = 3600
_CHANGING_TTL_S, _FIXED_TTL_S = 60, 3600
_OF_AN_APEX = (wire.TYPE_SOA, wire.TYPE_NS)
_LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


def refused_any() -> LocalResponse:
    """ANY gets the one small record of RFC 8482 4.2, so that nobody makes large answers out of small queries."""
    return LocalResponse(answer=(records.record(QNAME, wire.TYPE_HINFO, _HINFO_TTL_S, b"\x07RFC8482\x00"),))


@final
class ZoneMatcher:
    """`titles` are zones, each with everything below it, and what to call the rule; `exact` the same for single names.

    Whatever is at or below a name in `released` is matched by neither.
    """

    __slots__ = ("_exact", "_released", "_titles", "concerned")

    def __init__(
        self, titles: Mapping[str, str], *, exact: Mapping[str, str] | None = None, released: Iterable[str] = ()
    ) -> None:
        self._titles = titles
        self._exact = exact or {}
        self._released = frozenset(released)
        self.concerned = frozenset((*titles, *self._exact))

    def match(self, suffixes: Sequence[str]) -> Match | None:
        if not self._released.isdisjoint(suffixes):
            return None
        name = suffixes[0]
        if name in self._exact:
            return name, self._exact[name]
        return next(((zone, self._titles[zone]) for zone in suffixes if zone in self._titles), None)


@final
class SpecialNames:
    """`by_address`, `by_name` and `by_public_name` designate this resolver to who asks by its address or one of its
    names; None: it does not.

    `existing` are the names at home, so that names above them exist too (RFC 8020 2). Whatever is at or below a name in
    `released` is nobody's special name, unless a standard fixes its answers. `switched_on` are the settings that are.
    """

    __slots__ = ("_designations", "_existing", "fixed", "reserved")

    def __init__(
        self,
        *,
        by_address: Designation | None = None,
        by_name: Designation | None = None,
        by_public_name: Designation | None = None,
        existing: Iterable[str] = (),
        released: Iterable[str] = (),
        switched_on: Container[str] = (),
    ) -> None:
        named = {f"_dns.{each.hostname}": each for each in (by_name, by_public_name) if each}
        self._designations = {DISCOVERY: by_address, **named}
        self._existing = frozenset(above for name in existing for above in dnsname.suffixes(name))
        fixed: dict[str, str] = {}
        reserved: dict[str, str] = {}
        for each in SPECIAL_NAMES:
            if each.switch is None or each.switch in switched_on:
                titles = fixed if each.is_fixed else reserved
                titles |= dict.fromkeys(each.names, each.switch or each.document)
        self.fixed = ZoneMatcher(fixed, exact=dict.fromkeys(named, _OWN_DISCOVERY_DOCUMENT))
        """The zones whose answers a standard fixes."""
        self.reserved = ZoneMatcher(reserved, released=released)
        """The others, in which there may be names of the home."""

    def answer_fixed(self, zone: str, name: str, qtype: int) -> LocalResponse:
        """The answer for a name that `fixed` matches."""
        if _TREATMENTS.get(zone) is Treatment.LOOPBACK:
            own = (value for value in _LOOPBACK if records.address_type(value) == qtype)
            found = tuple(records.address(QNAME, value, _FIXED_TTL_S) for value in own)
            return LocalResponse(answer=found) if found else nothing(zone, _FIXED_TTL_S)
        if name == zone in _TREATMENTS and qtype in _OF_AN_APEX:
            return _apex(zone, qtype)
        designation = None
        if qtype == wire.TYPE_SVCB:
            designation = self._designations.get(name)
        # Also below resolver.arpa everything exists (RFC 9462 4 and 6.4).
        return nothing(zone, _CHANGING_TTL_S) if designation is None else designation.answer()

    def answer_reserved(self, zone: str, name: str, qtype: int) -> LocalResponse | None:
        """The answer for a name that `reserved` matches; None if it is on the other side of the zone's cut."""
        is_empty_zone = _TREATMENTS[zone] is Treatment.EMPTY_ZONE
        if is_empty_zone and name == zone and qtype == wire.TYPE_DS:
            return None  # its parent's word, with which validating clients see that the zone is not signed
        if is_empty_zone and name == zone and qtype in _OF_AN_APEX:
            return _apex(zone, qtype)
        ttl_s = _CHANGING_TTL_S if is_empty_zone else _FIXED_TTL_S
        return nothing(zone, ttl_s, Rcode.NOERROR if self.exists(zone, name) else Rcode.NXDOMAIN)

    def exists(self, zone: str, name: str) -> bool:
        """Whether there is anything at or below a name that one of the two matches with `zone`."""
        match _TREATMENTS.get(zone):
            case Treatment.NONEXISTENT:
                return self.is_at_home(name)
            case Treatment.EMPTY_ZONE:
                return name == zone or self.is_at_home(name)
        return True

    def is_at_home(self, name: str) -> bool:
        """Whether it is one of `existing`, or above one."""
        return name in self._existing


def _apex(zone: str, qtype: int) -> LocalResponse:
    """SOA or NS of the zone, as RFC 6303 3 has them: its server is the zone itself, which has no address."""
    if qtype == wire.TYPE_SOA:
        return LocalResponse(answer=(records.soa(QNAME, _CHANGING_TTL_S),))
    return LocalResponse(answer=(records.record(QNAME, wire.TYPE_NS, _CHANGING_TTL_S, dnsname.to_wire(zone)),))


def nothing(zone: str, ttl_s: int, rcode: Rcode = Rcode.NOERROR) -> LocalResponse:
    """NODATA or NXDOMAIN, to be kept for `ttl_s`."""
    return LocalResponse(rcode=rcode, authority=(records.soa(dnsname.to_wire(zone), ttl_s),))
