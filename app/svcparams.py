"""Service parameters: how a service is reached (RFC 9460 2.2), and DNS over TLS above all (RFC 9461). Pure."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address

ALPN, PORT, IPV4_HINT, IPV6_HINT = 1, 3, 4, 6
DOT_PORT = 853
"""Not named where it is this one (RFC 9461 4.2)."""

_DOT = b"\3dot"
_HINT_OCTETS = {IPV4_HINT: 4, IPV6_HINT: 16}


def of_dot(port: int, addresses: Iterable[IPv4Address | IPv6Address] = ()) -> bytes:
    """Those of DNS over TLS at `port`, with `addresses` as hints, in the order of their keys."""
    hints: dict[int, bytes] = {IPV4_HINT: b"", IPV6_HINT: b""}
    for address in addresses:
        hints[IPV4_HINT if address.version == 4 else IPV6_HINT] += address.packed
    found = {ALPN: _DOT, PORT: b"" if port == DOT_PORT else port.to_bytes(2, "big"), **hints}
    return b"".join(
        key.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for key, value in found.items() if value
    )


def hints(parameters: bytes) -> Iterator[IPv4Address | IPv6Address]:
    """The addresses in them. Raises ValueError, after what could be read, if one is malformed."""
    at = 0
    while at < len(parameters):
        key, length = int.from_bytes(parameters[at : at + 2], "big"), int.from_bytes(parameters[at + 2 : at + 4], "big")
        begin, at = at + 4, at + 4 + length
        if at > len(parameters) or length % _HINT_OCTETS.get(key, 1):
            raise ValueError("a service parameter is malformed")
        if key == IPV4_HINT:
            yield from (IPv4Address(parameters[first : first + 4]) for first in range(begin, at, 4))
        elif key == IPV6_HINT:
            yield from (IPv6Address(parameters[first : first + 16]) for first in range(begin, at, 16))
