"""The encrypted resolver as DHCP and router advertisements tell it: DNR (RFC 9463). Pure.

Each function gives the octets of one option's data: what follows its code and length. ALPN `dot` says that it is DNS
over TLS (RFC 9461 4.1), on port 853 unless another is given (4.2).
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

DHCPV4_OPTION = 162  # RFC 9463 9.1
DHCPV6_OPTION = 144  # RFC 9463 9.2
RA_OPTION = 144  # RFC 9463 9.3

_PRIORITY = (1).to_bytes(2, "big")  # the most preferred: 0 is for RFC 9460's AliasMode, which DNR has not (3.1.1)
_ALPN, _PORT = 1, 3  # RFC 9460 14.3.2
_DOT_PORT = 853
_RA_UNIT_OCTETS = 8  # RFC 4861 4.6


def dhcpv4(hostname: str, addresses: Iterable[IPv4Address], port: int) -> bytes:
    """One instance of OPTION_V4_DNR (RFC 9463 5.1). At least one address (3.1.8)."""
    name, packed = wire_name(hostname), _packed(addresses)
    instance = _PRIORITY + bytes([len(name)]) + name + bytes([len(packed)]) + packed + service_parameters(port)
    return len(instance).to_bytes(2, "big") + instance


def dhcpv6(hostname: str, addresses: Iterable[IPv6Address], port: int) -> bytes:
    """OPTION_V6_DNR (RFC 9463 4.1). At least one address (3.1.8)."""
    return _PRIORITY + _counted(wire_name(hostname)) + _counted(_packed(addresses)) + service_parameters(port)


def router_advertisement(hostname: str, addresses: Iterable[IPv6Address], port: int, lifetime_s: int) -> bytes:
    """The Encrypted DNS option (RFC 9463 6.1), here with its type and length, padded to eight octets."""
    data = _PRIORITY + lifetime_s.to_bytes(4, "big") + _counted(wire_name(hostname)) + _counted(_packed(addresses))
    data += _counted(service_parameters(port))
    data += bytes(-(len(data) + 2) % _RA_UNIT_OCTETS)
    return bytes([RA_OPTION, (len(data) + 2) // _RA_UNIT_OCTETS]) + data


def service_parameters(port: int) -> bytes:
    """SvcParams in wire form, keys ascending (RFC 9460 2.2)."""
    parameters = [(_ALPN, b"\3dot")]
    if port != _DOT_PORT:
        parameters.append((_PORT, port.to_bytes(2, "big")))
    return b"".join(key.to_bytes(2, "big") + _counted(value) for key, value in parameters)


def wire_name(hostname: str) -> bytes:
    """A name of ASCII labels, uncompressed (RFC 1035 3.1)."""
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in hostname.split(".")) + b"\0"


def _packed(addresses: Iterable[IPv4Address | IPv6Address]) -> bytes:
    return b"".join(address.packed for address in addresses)


def _counted(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data
