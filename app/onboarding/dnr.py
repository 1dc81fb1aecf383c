"""The encrypted resolver as DHCP and router advertisements tell it: DNR (RFC 9463). Pure.

Each function gives the octets of one option's data: what follows its code and length. ALPN `dot` says that it is DNS
over TLS (RFC 9461 4.1), on port 853 unless another is given (4.2).
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

from app import dnsname, svcparams

DHCPV4_OPTION = 162  # RFC 9463 9.1
DHCPV6_OPTION = 144  # RFC 9463 9.2
RA_OPTION = 144  # RFC 9463 9.3

_PRIORITY = (1).to_bytes(2, "big")  # the most preferred: 0 is for RFC 9460's AliasMode, which DNR has not (3.1.1)
_RA_UNIT_OCTETS = 8  # RFC 4861 4.6


def dhcpv4(hostname: str, addresses: Iterable[IPv4Address], port: int) -> bytes:
    """One instance of OPTION_V4_DNR (RFC 9463 5.1). At least one address (3.1.8)."""
    name, packed = dnsname.to_wire(hostname), _packed(addresses)
    instance = _PRIORITY + bytes([len(name)]) + name + bytes([len(packed)]) + packed + svcparams.of_dot(port)
    return len(instance).to_bytes(2, "big") + instance


def dhcpv6(hostname: str, addresses: Iterable[IPv6Address], port: int) -> bytes:
    """OPTION_V6_DNR (RFC 9463 4.1). At least one address (3.1.8)."""
    return _PRIORITY + _counted(dnsname.to_wire(hostname)) + _counted(_packed(addresses)) + svcparams.of_dot(port)


def router_advertisement(hostname: str, addresses: Iterable[IPv6Address], port: int, lifetime_s: int) -> bytes:
    """The Encrypted DNS option (RFC 9463 6.1), here with its type and length, padded to eight octets."""
    data = _PRIORITY + lifetime_s.to_bytes(4, "big") + _counted(dnsname.to_wire(hostname))
    data += _counted(_packed(addresses)) + _counted(svcparams.of_dot(port))
    data += bytes(-(len(data) + 2) % _RA_UNIT_OCTETS)
    return bytes([RA_OPTION, (len(data) + 2) // _RA_UNIT_OCTETS]) + data


def _packed(addresses: Iterable[IPv4Address | IPv6Address]) -> bytes:
    return b"".join(address.packed for address in addresses)


def _counted(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data
