"""DNR options, read back by a reader written from RFC 9463, 9460 and 1035."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import dns.name
import pytest

from app import dnsname
from app.onboarding import dnr

FOUR = [IPv4Address("192.168.1.10"), IPv4Address("192.168.1.11")]
SIX = [IPv6Address("fd00::10"), IPv6Address("fe80::1")]


@dataclass(frozen=True)
class Read:
    """What a device learns."""

    priority: int
    name: str
    addresses: list[IPv4Address | IPv6Address]
    alpn: list[bytes]
    port: int


class Octets:
    """Takes octets from the front; running out is an error."""

    def __init__(self, octets: bytes) -> None:
        self.rest = octets

    def take(self, count: int) -> bytes:
        taken, self.rest = self.rest[:count], self.rest[count:]
        assert len(taken) == count
        return taken

    def number(self, octets: int) -> int:
        return int.from_bytes(self.take(octets), "big")


def read_instance(octets: Octets, length_octets: int, address_octets: int, parameters: bytes | None = None) -> Read:
    """From the priority on; SvcParams are the rest (RFC 9463 4.1, 5.1) unless they have their own length (6.1)."""
    priority = octets.number(2)
    if length_octets == 6:  # a router advertisement: lifetime first
        assert octets.number(4) == 1800
        length_octets = 2
    wire = octets.take(octets.number(length_octets))
    name, used = dns.name.from_wire(wire, 0)
    assert used == len(wire)
    packed = Octets(octets.take(octets.number(length_octets)))
    addresses: list[IPv4Address | IPv6Address] = []
    while packed.rest:
        addresses.append(ip_address(packed.take(address_octets)))
    alpn, port = read_parameters(octets.rest if parameters is None else parameters)
    return Read(priority, name.to_text(omit_final_dot=True), addresses, alpn, port)


def read_parameters(octets: bytes) -> tuple[list[bytes], int]:
    """ALPN and port; keys come strictly ascending (RFC 9460 2.2)."""
    rest, last = Octets(octets), -1
    protocols, port = [], 853
    while rest.rest:
        key = rest.number(2)
        assert key > last
        last = key
        value = Octets(rest.take(rest.number(2)))
        if key == 1:
            while value.rest:
                protocols.append(value.take(value.number(1)))
        elif key == 3:
            port = value.number(2)
    return protocols, port


PORTS = pytest.mark.parametrize("port", [853, 8530])


@PORTS
def test_a_dhcpv4_client_learns_name_addresses_and_port(port: int) -> None:
    octets = Octets(dnr.dhcpv4("dns.home.arpa", FOUR, port))
    instance = Octets(octets.take(octets.number(2)))
    assert octets.rest == b""
    assert read_instance(instance, 1, 4) == Read(1, "dns.home.arpa", [*FOUR], [b"dot"], port)


@PORTS
def test_a_dhcpv6_client_learns_name_addresses_and_port(port: int) -> None:
    octets = Octets(dnr.dhcpv6("dns.home.arpa", SIX, port))
    assert read_instance(octets, 2, 16) == Read(1, "dns.home.arpa", [*SIX], [b"dot"], port)


@PORTS
@pytest.mark.parametrize("name", ["dns.home.arpa", "a.example", "ab.example", "resolver.at.home.example.org"])
def test_a_host_learns_the_same_from_a_router(name: str, port: int) -> None:
    option = dnr.router_advertisement(name, SIX, port, 1800)
    assert option[0] == 144
    assert len(option) == option[1] * 8
    data = option[2:]
    start = 2 + 4 + 2 + len(dnsname.to_wire(name)) + 2 + 16 * len(SIX)
    length = int.from_bytes(data[start : start + 2], "big")
    parameters = data[start + 2 : start + 2 + length]
    padding = data[start + 2 + length :]
    assert padding == bytes(len(padding))
    assert len(padding) < 8
    assert read_instance(Octets(data), 6, 16, parameters) == Read(1, name, [*SIX], [b"dot"], port)
