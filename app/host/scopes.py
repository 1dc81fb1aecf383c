"""Which addresses are not for a network, by the scope that whoever set them gave them (rtnetlink(7), ip-address(8))."""

import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address

from app.config.values import IPAddress
from app.networks import LINK_LOCAL, LOOPBACK, within

_GET, _NEW = 22, 20
"""RTM_GETADDR, RTM_NEWADDR. What is of another kind ends the list."""
_REQUEST_ALL = 0x1 | 0x300
_ADDRESS, _LOCAL = 1, 2
"""IFA_ADDRESS and IFA_LOCAL: of a link between two, the second is ours."""
_LINK = 253
"""RT_SCOPE_LINK; beyond it are host and nowhere."""
_MOST_OCTETS = 1 << 16
_BY_NATURE = (*LINK_LOCAL, *LOOPBACK)


def narrow() -> frozenset[IPAddress]:
    """Those with a scope of link or host, but for those that are so by what they are. None if the kernel is silent."""
    try:
        return frozenset(address for address, scope in _listed() if scope >= _LINK and not within(address, _BY_NATURE))
    except OSError:
        return frozenset()


def _listed() -> Iterator[tuple[IPAddress, int]]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(1.0)
        kernel.send(struct.pack("=IHHIIBxxxI", 24, _GET, _REQUEST_ALL, 1, 0, socket.AF_UNSPEC, 0))
        while True:
            for kind, body in _messages(kernel.recv(_MOST_OCTETS)):
                if kind != _NEW:
                    return
                attributes = dict(_attributes(body[8:]))
                octets = attributes.get(_LOCAL) or attributes.get(_ADDRESS)
                if octets is not None:
                    yield ip_address(octets), body[3]


def _messages(octets: bytes) -> Iterator[tuple[int, bytes]]:
    while len(octets) >= 16:
        length, kind = struct.unpack_from("=IH", octets)
        yield kind, octets[16:length]
        octets = octets[(max(length, 16) + 3) & ~3 :]


def _attributes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    while len(octets) >= 4:
        length, kind = struct.unpack_from("=HH", octets)
        yield kind, octets[4:length]
        octets = octets[(max(length, 4) + 3) & ~3 :]
