"""Names with a meaning of their own, which never travel upstream. Pure.

The root's name `ipv4only.arpa` is none of them: phones learn from its true answer whether their network translates
addresses (RFC 8880).
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address

from . import names, records, wire
from .ddr import Designation
from .records import ASKED, Made
from .wire import Rcode

DISCOVERY = "_dns.resolver.arpa"
LOCALHOST, RESOLVER_ARPA = "localhost", "resolver.arpa"
OWN_DISCOVERY = "RFC 9462 5"
FIXED = {LOCALHOST: "RFC 6761 6.3", RESOLVER_ARPA: "RFC 9462 6.4"}

NOWHERE = {
    "invalid": "RFC 6761 6.4",
    "test": "RFC 6761 6.2",
    "onion": "RFC 7686 2",
    "alt": "RFC 9476 2",
    "local": "RFC 6762 22.1",
}
"""They do not exist in DNS, they themselves included: multicast DNS gives way where `local` has a SOA."""

FIREFOX_CANARY = {"use-application-dns.net": "special.firefox_canary"}
PRIVATE_RELAY = dict.fromkeys(("mask.icloud.com", "mask-h2.icloud.com"), "special.refuse_private_relay")

_REVERSE = [f"{number}.172.in-addr.arpa" for number in range(16, 32)]
_REVERSE += [f"{name}.in-addr.arpa" for name in ("0", "10", "127", "168.192", "254.169", "2.0.192", "100.51.198")]
_REVERSE += [
    "113.0.203.in-addr.arpa",
    "255.255.255.255.in-addr.arpa",
    f"{'0.' * 31}ip6.arpa",
    "8.b.d.0.1.0.0.2.ip6.arpa",
]
_REVERSE += [f"{nibble}.e.f.ip6.arpa" for nibble in "89ab"] + ["d.f.ip6.arpa", "c.f.ip6.arpa"]
ZONES = {
    "home.arpa": "RFC 8375 4",
    "service.arpa": "RFC 9665",
    **dict.fromkeys(_REVERSE, "RFC 6303 4"),
    **dict.fromkeys((f"{number}.100.in-addr.arpa" for number in range(64, 128)), "RFC 7793 2"),
}
"""Zones that every house has for itself: they exist, and hold nothing but the house's own records."""

_HINFO_TTL_S = 3600
_HOUSE_TTL_S, _FIXED_TTL_S = 60, 3600
_LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


def refused_any() -> Made:
    """ANY gets the one small record of RFC 8482 4.2, so that nobody makes large answers out of small queries."""
    return Made(answer=(records.record(ASKED, wire.TYPE_HINFO, _HINFO_TTL_S, b"\x07RFC8482\x00"),))


class Special:
    """`by_address` and `by_name` designate this resolver to who asks by its address or its name; None: it does not.

    `existing` are the house's own names, so that names above them exist too. Whatever is at or below a name in
    `released` is nobody's special name. The switches are those of the settings `special.*`.
    """

    def __init__(
        self,
        *,
        by_address: Designation | None = None,
        by_name: Designation | None = None,
        existing: Iterable[str] = (),
        released: Iterable[str] = (),
        firefox_canary: bool = True,
        refuse_private_relay: bool = False,
    ) -> None:
        self._by_address = by_address
        self._by_name = by_name
        self._own_discovery = f"_dns.{by_name.hostname}" if by_name else None
        self._fixed = FIXED | ({self._own_discovery: OWN_DISCOVERY} if self._own_discovery else {})
        self._existing = {above for name in existing for above in names.suffixes(name)}
        self._released = frozenset(released)
        self._reserved = NOWHERE | ZONES
        self._reserved |= FIREFOX_CANARY if firefox_canary else {}
        self._reserved |= PRIVATE_RELAY if refuse_private_relay else {}

    def covering_fixed(self, suffixes: Sequence[str]) -> tuple[str, str] | None:
        """The zone whose answers a standard fixes, and that standard."""
        if self._fixed.keys().isdisjoint(suffixes):
            return None
        if suffixes[0] == self._own_discovery:
            return suffixes[0], OWN_DISCOVERY
        return next(((name, FIXED[name]) for name in suffixes if name in FIXED), None)

    def covering_reserved(self, suffixes: Sequence[str]) -> tuple[str, str] | None:
        """The zone that is served here, and the document or the setting that says so."""
        if self._reserved.keys().isdisjoint(suffixes) or not self._released.isdisjoint(suffixes):
            return None
        return next((name, self._reserved[name]) for name in suffixes if name in self._reserved)

    def answer_fixed(self, rule: str, name: str, qtype: int) -> Made:
        """The answer for a name that `covering_fixed` covers."""
        if rule == LOCALHOST:
            found = tuple(
                records.address(ASKED, value, _FIXED_TTL_S)
                for value in _LOOPBACK
                if records.address_type(value) == qtype
            )
            return Made(answer=found) if found else nothing(rule, _FIXED_TTL_S)
        if qtype == records.TYPE_SVCB:
            designation = self._by_name if name == self._own_discovery else None
            if name == DISCOVERY:
                designation = self._by_address
            if designation is not None:
                return designation.answer()
        # Also below resolver.arpa everything exists (RFC 9462 4 and 6.4).
        return nothing(rule, _HOUSE_TTL_S)

    def answer_reserved(self, rule: str, name: str, qtype: int) -> Made | None:
        """The answer for a name that `covering_reserved` covers; None if it is on the other side of the zone's cut."""
        if rule not in ZONES:
            return nothing(rule, _FIXED_TTL_S, Rcode.NXDOMAIN)
        if name == rule and qtype == records.TYPE_DS:
            return None  # its parent's word, with which validating clients see that the zone is not signed
        exists = name == rule or name in self._existing
        return nothing(rule, _HOUSE_TTL_S, Rcode.NOERROR if exists else Rcode.NXDOMAIN)


def nothing(zone: str, ttl_s: int, rcode: Rcode = Rcode.NOERROR) -> Made:
    """NODATA or NXDOMAIN, to be kept for `ttl_s`."""
    return Made(rcode=rcode, authority=(records.soa(names.text_to_wire(zone), ttl_s),))
