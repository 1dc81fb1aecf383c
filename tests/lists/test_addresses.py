"""A network is found in the text of its addresses, and in no other."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lists.addresses import network_of, regex_of


@pytest.mark.parametrize(
    ("network", "regex"),
    [
        ("192.0.2.7", r"^192\.0\.2\.7$"),
        ("192.0.2.0/24", r"^192\.0\.2\."),
        ("192.0.2.4/31", r"^192\.0\.2\.(?:4|5)$"),
        ("198.18.0.0/15", r"^198\.(?:18|19)\."),
        ("2001:db8::7", r"^2001:db8::7$"),
        ("2001:db8::/32", "^2001:db8:"),
        ("2001:db8:4::/47", "^2001:db8:(?:4|5):"),
        ("2001:db8:1:2:3:4:5:6/127", "^2001:db8:1:2:3:4:5:(?:6|7)$"),
        ("2001:db8::/48", None),  # the third group may be left out
        ("2001:4000::/18", None),  # 16,384 alternatives
    ],
)
def test_a_network_becomes_what_the_text_of_its_addresses_begins_with(network: str, regex: str | None) -> None:
    found = network_of(network)
    assert found is not None
    assert regex_of(found) == regex


@pytest.mark.parametrize("text", ["", "192.0.2.7/24", "192.0.2", "ads.example", "2001:db8::1/64", "192.0.2.0/33"])
def test_what_is_no_network_is_none(text: str) -> None:
    assert network_of(text) is None


ADDRESSES = st.one_of(
    st.integers(0, (1 << 32) - 1).map(IPv4Address), st.integers(0, (1 << 128) - 1).map(IPv6Address),
    # with zeros in them, in every place
    st.lists(st.sampled_from([0, 0, 1, 0xDB8, 0xFFFF]), min_size=8, max_size=8).map(
        lambda groups: IPv6Address(int("".join(f"{group:04x}" for group in groups), 16))
    ),
)  # fmt: skip


@given(ADDRESSES, st.integers(1, 128), st.integers(0, (1 << 128) - 1))
def test_it_is_found_in_the_addresses_of_the_network_alone(
    address: IPv4Address | IPv6Address, length: int, other: int
) -> None:
    network = ip_network(f"{address}/{min(length, address.max_prefixlen)}", strict=False)
    regex = regex_of(network)
    if regex is None:
        assert network.version == 6
        return
    near = type(address)(int(address) ^ (other >> 128 - address.max_prefixlen & (1 << 128 - network.prefixlen) - 1))
    for each in (address, network[0], network[-1], near, ip_address("192.0.2.7"), ip_address("2001:db8::7")):
        assert (re.search(regex, str(each)) is not None) is (each in network), each
