"""The table of special names; what is answered for each is in tests/answer/test_special.py."""

from ipaddress import ip_address

import pytest

from app.config.settings import leaves
from app.config.values import domain
from app.dnsname import is_at_or_below
from app.specialnames import ALWAYS_SPECIAL, SPECIAL_NAMES, Treatment

ZONES = [name for each in SPECIAL_NAMES for name in each.names]


def test_each_is_a_name_and_stands_once() -> None:
    assert [domain(name) for name in ZONES] == ZONES
    assert len(set(ZONES)) == len(ZONES)


def test_none_is_below_another_or_one_of_them_would_never_answer() -> None:
    assert [(low, high) for low in ZONES for high in ZONES if low != high and is_at_or_below(low, high)] == []


def test_a_switch_is_a_setting_that_is_on_or_off() -> None:
    switches = {leaf.name for leaf in leaves() if leaf.name.startswith("special.") and isinstance(leaf.default, bool)}
    assert {each.switch for each in SPECIAL_NAMES if each.switch} == switches - {"special.ddr"}


def test_what_a_standard_fixes_has_no_switch() -> None:
    assert [each.names for each in SPECIAL_NAMES if each.is_fixed and each.switch] == []


@pytest.mark.parametrize(
    "address",
    [
        "0.1.2.3", "10.1.2.3", "127.0.0.1", "169.254.1.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.0.2.1",
        "198.51.100.1", "203.0.113.1", "255.255.255.255", "100.64.0.1", "100.127.255.255",
        "::", "::1", "fc00::1", "fd00::1", "fe80::1", "fe90::1", "fea0::1", "feb0::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_the_way_back_from_an_address_of_no_one_is_special(address: str) -> None:
    back = ip_address(address).reverse_pointer
    (zone,) = (each for each in ALWAYS_SPECIAL if any(is_at_or_below(back, name) for name in each.names))
    assert zone.treatment is Treatment.EMPTY_ZONE


@pytest.mark.parametrize(
    "address",
    ["1.0.0.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "192.169.0.1", "2001:db9::1", "fec0::1"],
)
def test_the_way_back_from_any_other_is_not(address: str) -> None:
    assert not any(is_at_or_below(ip_address(address).reverse_pointer, zone) for zone in ZONES)
