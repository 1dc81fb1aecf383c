"""Which networks are inside: of a home, of a link, of this machine. Decided here and nowhere else. Pure.

What `is_global` and `is_private` of the standard library mean hangs on the patch level of Python. The same address has
five answers, because five questions are asked:

    LAN      can another device at home reach it?         addresses that go into certificate, profile and QR code
    HOME     may it ask us, may we be certified for it?   `allow_from`, name constraints: a link and this machine too
    INSIDE   may a name of the internet lead there?       rebinding: also groups, what homes use though it is reserved,
                                                          and all that an IPv4 address is written as
    SPECIAL  is it no address of the internet?            downloads: also what leads nowhere, such as documentation
    SILENT   does nobody listen there at all?             settings: no address of one device

Each but the last contains the one before. An answer in SPECIAL and not in INSIDE does no harm to a client, and tests
and manuals are full of them; who is led to such an address for a list has been led astray.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_network
from typing import final

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[IPNetwork, ...]:
    return tuple(ip_network(text) for text in texts)


_PRIVATE = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")  # RFC 1918 3
_SHARED = _networks("100.64.0.0/10")  # RFC 6598 7: behind a carrier's NAT, and overlay networks
_UNIQUE_LOCAL = _networks("fc00::/7")  # RFC 4193 3.1: the prefix of the internet provider may change, this one stays

OVERLAY = _SHARED  # Tailscale and others give addresses of it to devices
LINK_LOCAL_4 = _networks("169.254.0.0/16")  # RFC 3927 2.1
LINK_LOCAL = (*LINK_LOCAL_4, *_networks("fe80::/10"))  # RFC 4291 2.5.6
LOOPBACK = _networks("127.0.0.0/8", "::1/128")  # RFC 1122 3.2.1.3, RFC 4291 2.5.3

HEALTH_CHECK = "127.72.67.1"
"""Where the health check asks, and from where. The front door lets it in whatever `dot.allow_from` says: only what runs
on this machine can come from there, and no proxy that stands for others does, as some do from 127.0.0.1. And nobody
else has a port there, as stunnel may have 853 of 127.0.0.1."""

LAN = (*_PRIVATE, *_SHARED, *_UNIQUE_LOCAL)
HOME = (*_PRIVATE, LINK_LOCAL[0], *_SHARED, LOOPBACK[0], *_UNIQUE_LOCAL, LINK_LOCAL[1], LOOPBACK[1])

_THIS_HOST = _networks("0.0.0.0/8")  # RFC 1122 3.2.1.3; Linux takes 0.0.0.0 for itself
_RESERVED_4 = _networks(
    "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4"
)  # RFC 6890 2.2.2: protocols (CLAT is one), RFC 2544 C.2.2: benchmarks, RFC 1112 4 and 919 7: reserved and broadcast
_PROTOCOLS = _networks("2001::/23")  # RFC 2928 2: the same for IPv6; Teredo and benchmarks are in it
_COMPATIBLE, _MAPPED = _networks("::/96", "::ffff:0:0/96")  # RFC 4291 2.5.5: both hold an IPv4 address
_TRANSLATED = _networks("::ffff:0:0:0/96")  # RFC 2765 2.1: and this one
_NAT64, _6TO4 = _networks("64:ff9b::/96", "2002::/16")  # RFC 6052 2.1, RFC 3056 2: and so do these
_OLD_HOME = _networks("fec0::/10", "64:ff9b:1::/48")  # RFC 3879 (site-local), RFC 8215 (NAT64 of a site's own)


def _written_in(prefix: IPNetwork, network: IPNetwork) -> IPNetwork:
    """An IPv4 network as those write it who put an IPv4 address right behind `prefix`."""
    bits = int(prefix.network_address) | int(network.network_address) << (128 - prefix.prefixlen - 32)
    return IPv6Network((bits, prefix.prefixlen + network.prefixlen))


MULTICAST = _networks("224.0.0.0/4", "ff00::/8")  # RFC 5771 2, RFC 4291 2.7

_INSIDE = (*HOME, *_THIS_HOST, *_RESERVED_4, *MULTICAST)
INSIDE = (
    *_INSIDE, *_OLD_HOME, *_PROTOCOLS, _COMPATIBLE, _MAPPED, *_TRANSLATED,
    *(_written_in(prefix, each) for prefix in (_NAT64, _6TO4) for each in _INSIDE if each.version == 4),
)  # fmt: skip

SILENT = (*_networks("0.0.0.0/32", "::/128"), *MULTICAST)

# IANA's registries of special-purpose addresses (RFC 6890), what is not reachable from everywhere. The few exceptions
# in 192.0.0.0/24 and 2001::/23 are anycast services, and none of them has a list.
SPECIAL = (
    *INSIDE,
    *_networks(
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20",  # documentation
        "100::/64", "100:0:0:1::/64", "5f00::/16",  # discard, dummy, segment routing
    ),
)  # fmt: skip


_WHOLE_4, _WHOLE_6 = IPv4Network("0.0.0.0/0"), IPv6Network("2000::/3")  # RFC 4291 2.4: all that IANA gives out


def is_whole_internet(networks: Sequence[IPNetwork]) -> bool:
    """Whether `networks` hold all its addresses of a family, in one piece or in several."""
    four = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    six = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    return any(map(_WHOLE_4.subnet_of, four)) or any(map(_WHOLE_6.subnet_of, six))


def within(address: IPAddress, networks: Iterable[IPNetwork]) -> bool:
    """Whether `address`, which may have a zone, is in one of them."""
    return any(address in network for network in networks)


def meant(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 address stands for, mapped, by NAT64 or by 6to4; any other is itself."""
    for prefix in (_MAPPED, _NAT64, _6TO4):
        if address in prefix:
            return IPv4Address(int(address) >> (128 - prefix.prefixlen - 32) & 0xFFFFFFFF)
    return address


@final
class AddressSet:
    """All addresses of `networks`, as the octets of an address; how many networks there are costs next to nothing."""

    __slots__ = ("_ranges",)

    def __init__(self, networks: Iterable[IPNetwork]) -> None:
        every = list(networks)
        self._ranges: dict[int, tuple[list[bytes], list[bytes]]] = {}
        for version, octets in ((4, 4), (6, 16)):
            merged = sorted(collapse_addresses(each for each in every if each.version == version))  # type: ignore[type-var]
            self._ranges[octets] = [each[0].packed for each in merged], [each[-1].packed for each in merged]

    def __bool__(self) -> bool:
        return any(firsts for firsts, _ in self._ranges.values())

    def __contains__(self, address: bytes) -> bool:
        firsts, lasts = self._ranges[len(address)]
        at = bisect_right(firsts, address)
        return at > 0 and address <= lasts[at - 1]
