"""Asked of the kernel, in a network of its own."""

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from app.host import addresses
from app.host.scopes import narrow
from tests.namespace import Namespace, allow_tunnels, namespace


def test_what_is_of_a_link_or_this_machine_by_nature_is_not_told_again() -> None:
    assert ip_address("127.0.0.1") not in narrow()


@pytest.fixture
def house() -> Iterator[Namespace]:
    allow_tunnels()
    with namespace() as made:
        for command in (
            "ip tuntap add eth0 mode tap",
            "ip link set eth0 up",
            "ip address add 10.9.9.9/32 dev lo scope host",
            "ip address add 192.168.50.1/24 dev eth0 scope link",
            "ip address add 192.168.77.10/24 dev eth0",
            "ip address add fd00::9/64 dev lo",
        ):
            made.run(*command.split())
        yield made


@pytest.mark.server
def test_addresses_that_are_not_for_a_network_are_left_out_and_told(house: Namespace) -> None:
    assert house.inside(lambda: sorted(map(str, narrow()))) == ["10.9.9.9", "192.168.50.1"]
    found = house.inside(lambda: [*map(str, addresses.survey(()).addresses), *addresses.survey(()).left_out])
    assert found[0] == "192.168.77.10"
    reason = "of this machine or link alone, by its scope"
    assert {f"10.9.9.9 on lo ({reason})", f"192.168.50.1 on eth0 ({reason})"} <= set(found)
    house.run("ip", "address", "del", "192.168.77.10/24", "dev", "eth0")
    assert "192.168.50.1" not in house.inside(lambda: [str(each) for each in addresses.survey(()).addresses])
