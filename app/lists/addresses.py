"""Addresses and networks that answers have -> regular expressions over an address as text. Pure.

`192.0.2.0/24` is `^192\\.0\\.2\\.`: so a network is a pattern like any other, in the one automaton of all lists, and
counts among the patterns that a list may have.
"""

import re
from ipaddress import IPv4Network, ip_network

from app.networks import IPNetwork

_MOST_ALTERNATIVES = 256
"""Of one part of an address: what an octet can be, and half of what a group of IPv6 can be."""


def network_of(text: str) -> IPNetwork | None:
    """The network that `text` is, which may be one address; None if it is none, or an address in it and not itself."""
    try:
        return ip_network(text)
    except ValueError:
        return None


def regex_of(network: IPNetwork) -> str | None:
    """Found in the text of the addresses of `network`, and in nothing else that a name or an address can be. None for
    those whose addresses cannot be told by their text.

    That is so in IPv6 where a group is zero, which may be left out (RFC 5952 4.2), and where one can be too much.
    """
    if network.prefixlen == network.max_prefixlen:
        return f"^{re.escape(str(network.network_address))}$"
    is_4 = isinstance(network, IPv4Network)
    bits, base, dot = (8, "d", r"\.") if is_4 else (16, "x", ":")
    whole, rest = divmod(network.prefixlen, bits)
    octets = network.network_address.packed[: (whole + (rest > 0)) * bits // 8]
    parts = [int.from_bytes(octets[at : at + bits // 8], "big") for at in range(0, len(octets), bits // 8)]
    others = 1 << (bits - rest) if rest else 1
    if others > _MOST_ALTERNATIVES or not (is_4 or all(parts)):
        return None
    texts = [f"{part:{base}}" for part in parts]
    if rest:
        texts[-1] = f"(?:{'|'.join(f'{part:{base}}' for part in range(parts[-1], parts[-1] + others))})"
    return f"^{dot.join(texts)}{'$' if len(parts) * bits == network.max_prefixlen else dot}"
