from ipaddress import ip_address

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from app.config.values import IPAddress
from app.trust import constraints
from app.trust.authority import new_authority
from app.trust.constraints import Names
from tests.trust.minting import NOW

AT_HOME = x509.load_pem_x509_certificate(new_authority(Names("dns.home.arpa", ()), NOW).intermediate_pem)


def named(hostname: str, *addresses: str) -> Names:
    return Names(hostname, tuple(map(ip_address, addresses)))


def subtrees(hostname: str, *addresses: str) -> list[str]:
    permitted = constraints.permitted(named(hostname, *addresses)).permitted_subtrees
    return [str(name.value) for name in permitted or []]


def faults(hostname: str, *addresses: str) -> list[str]:
    return list(constraints.outside(AT_HOME, named(hostname, *addresses)))


def test_permits_home_names_and_home_networks() -> None:
    assert subtrees("dns.home.arpa", "192.168.1.10", "fe80::1") == [
        "home.arpa",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    ]


def test_permits_the_configured_name_and_public_addresses_too_and_only_those() -> None:
    at_home, both = subtrees("a.home.arpa"), subtrees("dns.example.com", "198.51.100.7", "2001:db8::7")
    assert both == ["home.arpa", "dns.example.com", *at_home[1:], "198.51.100.7/32", "2001:db8::7/128"]


def test_certifies_each_address_once_and_loopback_always() -> None:
    names = constraints.certified(named("dns.home.arpa", "10.0.0.1", "10.0.0.1", "::1"))
    assert [str(name.value) for name in names] == ["dns.home.arpa", "10.0.0.1", "::1", "127.0.0.1"]


@pytest.mark.parametrize("hostname", ["home.arpa", "dns.home.arpa", "a.b.home.arpa"])
def test_names_at_home_are_inside(hostname: str) -> None:
    assert faults(hostname, "10.1.2.3", "172.31.255.255", "100.127.0.1", "fdff::1") == []


@pytest.mark.parametrize("hostname", ["nothome.arpa", "arpa", "dns.home.arpa.example", "bank.example"])
def test_names_elsewhere_are_outside(hostname: str) -> None:
    assert len(faults(hostname)) == 1


@pytest.mark.parametrize("address", ["172.32.0.1", "100.128.0.1", "8.8.8.8", "2001:db8::1", "fec0::1", "::2"])
def test_public_addresses_are_outside_and_named(address: str) -> None:
    assert [address in fault for fault in faults("dns.home.arpa", address)] == [True]


@given(st.lists(st.ip_addresses(), max_size=4).map(tuple))
def test_what_was_permitted_is_inside(addresses: tuple[IPAddress, ...]) -> None:
    made = x509.load_pem_x509_certificate(new_authority(Names("dns.lan.example", addresses), NOW).intermediate_pem)
    assert list(constraints.outside(made, Names("dns.lan.example", addresses))) == []
