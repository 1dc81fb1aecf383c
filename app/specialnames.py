"""The special names: those with a meaning of their own, which never travel upstream. Pure.

One row each: all else about a special name is made from it (what the front door answers, what unbound is told, which
names the setting `local` refuses, the table in docs/network.md). A new one is a row here, and a line in
tests/answer/test_special.py that says what is answered. `ipv4only.arpa` is none of them: phones learn from its true
answer whether their network translates addresses (RFC 8880).
"""

from dataclasses import dataclass
from enum import Enum


class Treatment(Enum):
    """What is answered for a special name and for everything below it; the value is for people."""

    LOOPBACK = "`127.0.0.1` and `::1`"
    RESOLVER = "where to ask over TLS, if `special.ddr` says so"
    NONEXISTENT = "no such name"
    EMPTY_ZONE = "the names at home, else no such name"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialName:
    """`meaning` ends the sentence "NAME ...". `names` are zones: everything below each is meant too.

    `switch` is the setting that decides whether they are special. `built_into_unbound`: it answers as much by itself
    when it is asked behind the front door; all others without a switch are written into its configuration.
    """

    names: tuple[str, ...]
    meaning: str
    document: str
    treatment: Treatment
    switch: str | None = None
    built_into_unbound: bool = False

    @property
    def is_fixed(self) -> bool:
        """A standard says what is answered, whatever a household would like."""
        return self.treatment in {Treatment.LOOPBACK, Treatment.RESOLVER}


_PRIVATE_REVERSE = (
    *(f"{name}.in-addr.arpa" for name in ("10", *(f"{number}.172" for number in range(16, 32)), "168.192")),
    *(f"{name}.in-addr.arpa" for name in ("0", "127", "254.169", "2.0.192", "100.51.198", "113.0.203")),
    "255.255.255.255.in-addr.arpa",
    *(f"{nibble}.e.f.ip6.arpa" for nibble in "89ab"),
    "d.f.ip6.arpa",
    "8.b.d.0.1.0.0.2.ip6.arpa",
)

SPECIAL_NAMES = (
    SpecialName(
        names=("localhost",),
        meaning="is this device itself",
        document="RFC 6761 6.3",
        treatment=Treatment.LOOPBACK,
        built_into_unbound=True,
    ),
    SpecialName(
        names=("resolver.arpa",),
        meaning="tells devices about their resolver",
        document="RFC 9462 6.4",
        treatment=Treatment.RESOLVER,
    ),
    SpecialName(
        names=("local",),
        meaning="is for devices that find each other without DNS",
        document="RFC 6762 22.1",
        treatment=Treatment.NONEXISTENT,
    ),
    SpecialName(
        names=("test",),
        meaning="is for tests",
        document="RFC 6761 6.2",
        treatment=Treatment.NONEXISTENT,
        built_into_unbound=True,
    ),
    SpecialName(
        names=("invalid",),
        meaning="never exists",
        document="RFC 6761 6.4",
        treatment=Treatment.NONEXISTENT,
        built_into_unbound=True,
    ),
    SpecialName(
        names=("onion",),
        meaning="is for Tor",
        document="RFC 7686 2",
        treatment=Treatment.NONEXISTENT,
        built_into_unbound=True,
    ),
    SpecialName(
        names=("alt",),
        meaning="is for name systems other than DNS",
        document="RFC 9476 2",
        treatment=Treatment.NONEXISTENT,
    ),
    SpecialName(
        names=("home.arpa",),
        meaning="is for names at home",
        document="RFC 8375 4",
        treatment=Treatment.EMPTY_ZONE,
        built_into_unbound=True,
    ),
    SpecialName(
        names=("service.arpa",),
        meaning="is for services that register themselves",
        document="RFC 9665",
        treatment=Treatment.EMPTY_ZONE,
    ),
    SpecialName(
        names=_PRIVATE_REVERSE,
        meaning="leads back from addresses that nobody has on the internet",
        document="RFC 6303 4",
        treatment=Treatment.EMPTY_ZONE,
        built_into_unbound=True,
    ),
    SpecialName(
        # Wider than the zones of the document: all of fc00::/7, and what is beside :: and ::1.
        names=("c.f.ip6.arpa", f"{'0.' * 31}ip6.arpa"),
        meaning="leads back from addresses that nobody has on the internet",
        document="RFC 6303 4",
        treatment=Treatment.EMPTY_ZONE,
    ),
    SpecialName(
        names=tuple(f"{number}.100.in-addr.arpa" for number in range(64, 128)),
        meaning="leads back from addresses that providers share",
        document="RFC 7793 2",
        treatment=Treatment.EMPTY_ZONE,
        built_into_unbound=True,
    ),
    SpecialName(
        names=("use-application-dns.net",),
        meaning="keeps Firefox from choosing a DNS of its own",
        document="Mozilla's canary domain",
        treatment=Treatment.NONEXISTENT,
        switch="special.firefox_canary",
    ),
    SpecialName(
        names=("mask.icloud.com", "mask-h2.icloud.com"),
        meaning="tells Apple devices that there is no iCloud Private Relay here",
        document="Apple's Private Relay",
        treatment=Treatment.NONEXISTENT,
        switch="special.refuse_private_relay",
    ),
)

ALWAYS_SPECIAL = tuple(each for each in SPECIAL_NAMES if each.switch is None)
