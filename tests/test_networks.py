from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network

import pytest

from app.networks import (
    HOME,
    INSIDE,
    LAN,
    LINK_LOCAL,
    LOOPBACK,
    SILENT,
    SPECIAL,
    AddressSet,
    IPNetwork,
    is_whole_internet,
    meant,
    within,
)

KINDS = {"LAN": LAN, "HOME": HOME, "INSIDE": INSIDE, "SPECIAL": SPECIAL, "SILENT": SILENT}


def kinds_of(text: str) -> str:
    return " ".join(name for name, networks in KINDS.items() if within(ip_address(text), networks))


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.7", "100.64.0.1", "100.127.255.255", "fd00::7"]
)
def test_what_a_device_at_home_can_reach_is_inside_for_every_question(address: str) -> None:
    assert kinds_of(address) == "LAN HOME INSIDE SPECIAL"


@pytest.mark.parametrize("address", ["169.254.1.1", "fe80::1", "fe80::1%eth0", "127.0.0.1", "127.255.0.1", "::1"])
def test_a_link_and_this_machine_are_no_lan(address: str) -> None:
    assert kinds_of(address) == "HOME INSIDE SPECIAL"


@pytest.mark.parametrize(
    "address",
    [
        "0.1.2.3", "fec0::1", "::192.168.1.1", "::ffff:192.168.1.1", "64:ff9b:1::9.9.9.9", "64:ff9b::10.0.0.1",
        "64:ff9b::172.31.0.1", "64:ff9b::192.168.1.1", "64:ff9b::100.127.0.1", "64:ff9b::169.254.0.1",
        "64:ff9b::127.0.0.1", "64:ff9b::", "2002:a00:1::", "2002:ac1f::1", "2002:c0a8:101::1", "2002:647f::",
        "2002:a9fe::", "2002:7f00:1::", "2002::1", "192.0.0.1", "198.18.0.1", "198.19.255.255", "240.0.0.1",
        "255.255.255.255", "2001::1", "2001:2::1", "2001:20::1", "::ffff:0:10.0.0.1", "64:ff9b::198.18.0.1",
        "2002:c000::1", "64:ff9b::224.0.0.1", "2002:ffff:ffff::",
    ],
)  # fmt: skip
def test_a_home_in_disguise_and_what_a_home_may_use_for_itself_is_inside_and_asks_no_questions(address: str) -> None:
    assert kinds_of(address) == "INSIDE SPECIAL"


@pytest.mark.parametrize(
    "address",
    [
        "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "100::1", "100:0:0:1::1", "5f00::1",
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_not_of_the_internet_and_not_inside(address: str) -> None:
    assert kinds_of(address) == "SPECIAL"


@pytest.mark.parametrize(("address", "kinds"), [("0.0.0.0", "INSIDE SPECIAL SILENT"), ("::", "INSIDE SPECIAL SILENT")])
def test_nobody_has_the_address_of_everybody(address: str, kinds: str) -> None:
    assert kinds_of(address) == kinds


@pytest.mark.parametrize("address", ["224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1"])
def test_a_group_is_no_device(address: str) -> None:
    assert kinds_of(address) == "INSIDE SPECIAL SILENT"


@pytest.mark.parametrize(
    "address",
    [
        "9.9.9.9", "172.15.255.255", "172.32.0.1", "100.63.0.1", "100.128.0.1", "192.167.0.1", "169.253.0.1", "1.0.0.1",
        "2620:fe::fe", "2a00::1", "64:ff9b::9.9.9.9", "2002:909:909::1", "2002:6480::", "2002:ac20::",
    ],
)  # fmt: skip
def test_the_internet_is_outside_also_as_nat64_and_6to4_write_it(address: str) -> None:
    assert kinds_of(address) == ""


def contains(outer: tuple[IPNetwork, ...], inner: IPNetwork) -> bool:
    return any(inner.version == network.version and inner.subnet_of(network) for network in outer)  # type: ignore[arg-type]


def test_each_answer_contains_the_one_before() -> None:
    for inner, outer in ((LAN, HOME), (LINK_LOCAL, HOME), (LOOPBACK, HOME), (HOME, INSIDE), (INSIDE, SPECIAL)):
        assert all(contains(outer, network) for network in inner)
        assert set(inner) != set(outer)
    assert all(contains(SPECIAL, network) for network in SILENT)


def test_every_ipv4_network_of_the_inside_is_there_in_each_way_to_write_it() -> None:
    for network in INSIDE:
        if isinstance(network, IPv4Network):
            for first in (f"64:ff9b::{network[0]}", f"2002:{network[0].packed.hex(':', 2)}::", f"::ffff:{network[0]}"):
                assert within(ip_address(first), INSIDE), (network, first)


@pytest.mark.parametrize(
    ("address", "ipv4"),
    [
        ("::ffff:192.168.1.1", "192.168.1.1"), ("64:ff9b::9.9.9.9", "9.9.9.9"), ("2002:c0a8:101:7::1", "192.168.1.1"),
        ("64:ff9b:1::9.9.9.9", None), ("2001:db8::1", None), ("9.9.9.9", None), ("::1", None),
    ],
)  # fmt: skip
def test_an_address_stands_for_the_ipv4_address_in_it(address: str, ipv4: str | None) -> None:
    assert meant(ip_address(address)) == ip_address(ipv4 or address)


def test_no_network_is_named_twice() -> None:
    for networks in KINDS.values():
        assert len(set(networks)) == len(networks)
        assert all(ip_network(str(network)) == network for network in networks)


EDGES = [IPv4Address(int(each[at]) + beside) if each.version == 4 else IPv6Address(int(each[at]) + beside)
         for each in INSIDE for at in (0, -1) for beside in (-1, 0, 1)
         if 0 <= int(each[at]) + beside < 1 << each.max_prefixlen]  # fmt: skip


@pytest.mark.parametrize("networks", [INSIDE, HOME, SILENT, (), INSIDE[:1]], ids=len)
def test_a_set_of_addresses_has_just_those_of_its_networks(networks: tuple[IPNetwork, ...]) -> None:
    found = AddressSet(networks)
    assert [each for each in EDGES if (each.packed in found) is not within(each, networks)] == []
    assert bool(found) is bool(networks)


@pytest.mark.parametrize(
    ("texts", "is_whole"),
    [
        (["0.0.0.0/0"], True),
        (["::/0"], True),
        (["2000::/3"], True),
        (["0.0.0.0/1", "fd00::/8", "128.0.0.0/1"], True),
        (["2000::/4", "3000::/4"], True),
        (["0.0.0.0/1"], False),
        (["2000::/4"], False),
        ([str(network) for network in HOME], False),
        ([], False),
    ],
)
def test_all_of_a_family_is_the_whole_internet(texts: list[str], *, is_whole: bool) -> None:
    assert is_whole_internet([ip_network(text) for text in texts]) is is_whole
