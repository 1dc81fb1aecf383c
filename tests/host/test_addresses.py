"""Which LAN addresses does this box have? Plain values, kernel tables in a folder, and real network namespaces."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

import pytest

from app.config.values import IPAddress
from app.errors import OperatorError
from app.host.addresses import CONTAINERS_OWN, Survey, choose, decide, effective
from app.host.interfaces import Interface, Reach
from tests.namespace import allow_tunnels


def ips(*texts: str) -> tuple[IPAddress, ...]:
    return tuple(ip_address(text) for text in texts)


def interface(name: str, *texts: str, reach: Reach = Reach.LAN) -> Interface:
    return Interface(name, ips(*texts), reach)


@pytest.mark.parametrize("address", ["10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.1.10", "100.64.0.9", "fd12::1"])
def test_keeps_an_address_of_a_home(address: str) -> None:
    assert choose([interface("eth0", address)]) == ips(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "fe80::1", "203.0.113.7", "172.32.0.1", "100.128.0.1", "9.9.9.9", "2620:fe::fe", "192.0.2.2"],
)
def test_drops_an_address_that_no_home_device_uses(address: str) -> None:
    assert choose([interface("eth0", address)]) == ()


def test_keeps_the_order_of_interfaces_and_puts_ipv4_first_on_each() -> None:
    found = [interface("eth0", "fd00::10", "192.168.1.10"), interface("wlan0", "100.64.0.1", "10.0.0.1")]
    assert choose(found) == ips("192.168.1.10", "fd00::10", "100.64.0.1", "10.0.0.1")


def test_names_an_address_of_two_interfaces_once() -> None:
    assert choose([interface("eth0", "192.168.1.10"), interface("wlan0", "192.168.1.10")]) == ips("192.168.1.10")


def test_takes_link_local_ipv4_only_when_there_is_nothing_else() -> None:
    assert choose([interface("eth0", "169.254.7.7", "203.0.113.7")]) == ips("169.254.7.7")
    assert choose([interface("eth0", "169.254.7.7"), interface("wlan0", "192.168.1.10")]) == ips("192.168.1.10")


def test_the_operators_addresses_win() -> None:
    assert decide(ips("203.0.113.7"), (interface("eth0", "192.168.1.10"),)) == Survey(ips("203.0.113.7"))


VPN = interface("tun0", "10.8.0.6", reach=Reach.TUNNEL)
OVERLAY = interface("tailscale0", "100.101.102.103", "fd7a::1", reach=Reach.TUNNEL)
DOCKER = interface("docker0", "172.17.0.1", reach=Reach.HOST)
OWN = interface("eth0", "172.17.0.2", "fe80::1", reach=Reach.CONTAINER)


def test_leaves_out_what_no_phone_reaches_and_says_why() -> None:
    found = decide((), (VPN, interface("eth0", "192.168.1.10"), DOCKER, interface("lo", "127.0.0.1")))
    assert found == Survey(
        ips("192.168.1.10"),
        left_out=(
            "10.8.0.6 on tun0 (of a VPN, and reached by those in it alone)",
            "172.17.0.1 on docker0 (of a network inside this machine)",
        ),
    )


def test_an_overlay_network_comes_after_the_lan() -> None:
    found = decide((), (OVERLAY, interface("eth0", "192.168.1.10")))
    assert found.addresses == ips("192.168.1.10", "100.101.102.103")
    assert found.notices == ()


@pytest.mark.parametrize("interfaces", [(VPN, interface("eth0", "203.0.113.7")), (OWN, OVERLAY)])
def test_an_address_that_only_a_vpn_reaches_is_shown_with_a_sentence(interfaces: tuple[Interface, ...]) -> None:
    found = decide((), interfaces)
    (notice,) = found.notices
    assert notice.startswith(f"{found.addresses[0]} belongs to a VPN, and devices that are not in it do not reach it:")


def test_refuses_to_start_with_nothing_but_the_containers_own_address() -> None:
    with pytest.raises(OperatorError) as caught:
        decide((), (interface("lo", "127.0.0.1"), OWN))
    assert caught.value.faults == (
        f"addresses: 172.17.0.2 {CONTAINERS_OWN}: set HOMEDOT_ADDRESSES to the "
        "address of the machine, in the compose file like HOMEDOT_ADDRESSES: 192.168.1.10, or use network_mode: host",
    )


def test_refuses_to_start_in_the_network_of_a_vpns_container() -> None:
    with pytest.raises(OperatorError) as caught:
        decide((), (VPN, OWN))
    assert "(10.8.0.6 on tun0 is of a VPN, and reached by those in it alone): set HOMEDOT_ADD" in caught.value.faults[0]


def test_starts_with_the_containers_own_address_when_the_operator_names_it_and_says_when_that_works() -> None:
    found = decide(ips("192.168.1.50"), (interface("eth0", "192.168.1.50", reach=Reach.CONTAINER),))
    assert found.addresses == ips("192.168.1.50")
    assert "only if the bridge that it hangs on is part of your network" in found.notices[0]


def test_takes_the_lan_address_of_a_container_on_two_networks() -> None:
    assert decide((), (OWN, interface("eth1", "192.168.1.10"))).addresses == ips("192.168.1.10")


@pytest.mark.parametrize(
    ("address", "in_wsl", "who"),
    [
        ("192.168.65.3", False, "Docker Desktop gives"),
        ("10.0.2.15", False, "QEMU and VirtualBox give"),
        ("172.28.112.5", True, "Windows gives"),
        ("172.28.112.5", False, None),
    ],
)
def test_an_address_as_machines_inside_a_machine_have_it_comes_last_and_with_a_sentence(
    address: str, who: str | None, *, in_wsl: bool
) -> None:
    alone = decide((), (interface("eth0", address),), in_wsl=in_wsl)
    assert alone.addresses == ips(address)
    assert len(alone.notices) == (who is not None)
    assert all(f"{address} is such as {who} to a machine inside this one" in notice for notice in alone.notices)
    both = decide((), (interface("eth0", address), interface("wlan0", "192.168.1.10")), in_wsl=in_wsl)
    assert both.addresses[who is None] == ip_address("192.168.1.10")


def test_says_what_was_found_when_nothing_serves() -> None:
    found = (
        interface("lo", "127.0.0.1"),
        interface("eth0", "203.0.113.7", "fe80::1"),
        DOCKER,
    )
    with pytest.raises(OperatorError) as caught:
        decide((), found)
    assert caught.value.faults == (
        "addresses: no LAN address was found on this machine (203.0.113.7 on eth0 is not a private address, "
        "fe80::1 on eth0 is link-local, 172.17.0.1 on docker0 is of a network inside this machine): "
        "set HOMEDOT_ADDRESSES to the address of the machine, in the compose file like HOMEDOT_ADDRESSES: 192.168.1.10",
    )


def test_says_so_when_there_is_no_address_at_all() -> None:
    with pytest.raises(OperatorError, match="no LAN address was found on this machine: set HOMEDOT_ADDRESSES"):
        decide((), (interface("lo", "127.0.0.1"),))


def test_reads_the_machine_it_runs_on() -> None:
    assert effective(ips("192.168.1.10")) == ips("192.168.1.10")


# Real network namespaces.


class Namespace:
    """A network namespace whose `eth0` is a veth pair's end. Needs root and iproute2."""

    def __init__(self) -> None:
        self.name = f"hd{uuid4().hex[:8]}"
        self.ip("netns", "add", self.name)
        self.inside("link", "add", "eth0", "type", "veth", "peer", "name", "far", "netns", self.name)
        for device in ("lo", "eth0", "far"):
            self.inside("link", "set", device, "up")

    @staticmethod
    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)

    def inside(self, *arguments: str) -> None:
        self.ip("-n", self.name, *arguments)

    def effective(self, root: Path) -> tuple[list[str], list[str]]:
        """The addresses that a process inside finds, and its faults."""
        script = (
            "import json, pathlib, sys\nfrom app.errors import OperatorError\n"
            "from app.host.addresses import effective\n"
            "try: print(json.dumps([[str(a) for a in effective((), pathlib.Path(sys.argv[1]))], []]))\n"
            "except OperatorError as error: print(json.dumps([[], error.faults]))"
        )
        done = subprocess.run(
            ["ip", "netns", "exec", self.name, sys.executable, "-c", script, str(root)],
            check=True,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        found, faults = json.loads(done.stdout)
        return found, faults


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    made = Namespace()
    yield made
    made.ip("netns", "del", made.name)


@pytest.fixture
def host_root(tmp_path: Path) -> Path:
    """A root folder that is no container's, wherever the tests run, with the real proc and sys of whoever looks."""
    for name in ("proc", "sys"):
        (tmp_path / name).symlink_to(f"/{name}")
    return tmp_path


@pytest.fixture(autouse=True, scope="module")
def tunnels() -> None:
    if os.geteuid() == 0:
        allow_tunnels()


@pytest.fixture
def container_root(host_root: Path) -> Path:
    """The same, but a container's."""
    (host_root / ".dockerenv").touch()
    return host_root


@pytest.mark.server
def test_finds_the_lan_addresses_of_a_real_host(namespace: Namespace) -> None:
    namespace.inside("link", "add", "docker0", "type", "bridge")
    namespace.inside("link", "set", "docker0", "up")
    for device, address in (
        ("far", "10.9.9.9/24"),
        ("docker0", "172.17.0.1/16"),
        ("eth0", "192.168.77.10/24"),
        ("eth0", "203.0.113.9/24"),
    ):
        namespace.inside("address", "add", address, "dev", device)
    namespace.inside("address", "add", "fd77::10/64", "dev", "eth0", "nodad")
    namespace.inside("address", "add", "fd77::99/64", "dev", "eth0", "nodad", "preferred_lft", "0")
    namespace.inside("route", "add", "default", "via", "192.168.77.1")
    assert namespace.effective(Path("/")) == (["192.168.77.10", "fd77::10", "10.9.9.9"], [])


TUN = ("tuntap add tun0 mode tun", "link set tun0 up")
DEFAULT = ("route add default via 192.168.77.1",)


@pytest.mark.server
@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (("route add default via 192.168.77.1 metric 100", *TUN, "address add 10.8.0.6/24 dev tun0",
          "route add default dev tun0"), ["192.168.77.10"]),
        ((*DEFAULT, *TUN, "address add 100.101.102.103/32 dev tun0"), ["192.168.77.10", "100.101.102.103"]),
        ((*DEFAULT, "link add mynet type bridge", "link set mynet up", "address add 10.66.0.1/24 dev mynet",
          "link add in type veth peer name end", "link set in master mynet"), ["192.168.77.10"]),
        (("address del 192.168.77.10/24 dev eth0", "link add br0 type bridge", "link set eth0 master br0",
          "link set br0 up", "address add 192.168.77.10/24 dev br0", *DEFAULT), ["192.168.77.10"]),
        (("address del 192.168.77.10/24 dev eth0", "tuntap add tap9 mode tap", "link set tap9 up",
          "address add 10.0.2.100/24 dev tap9"), []),
    ],
    ids=["a VPN holds the default route", "an overlay network", "a bridge of containers", "a LAN bridge", "rootless"],
)  # fmt: skip
def test_finds_what_devices_reach_on_a_real_host(
    namespace: Namespace, host_root: Path, commands: tuple[str, ...], expected: list[str]
) -> None:
    for command in ("address add 192.168.77.10/24 dev eth0", *commands):
        namespace.inside(*command.split())
    found, faults = namespace.effective(host_root)
    assert found == expected
    assert bool(faults) is (not expected)


@pytest.mark.server
def test_refuses_the_network_of_a_real_vpn_container(namespace: Namespace, container_root: Path) -> None:
    namespace.inside("address", "add", "172.17.0.2/16", "dev", "eth0")
    for command in (*TUN, "address add 10.2.0.2/32 dev tun0"):
        namespace.inside(*command.split())
    found, (fault,) = namespace.effective(container_root)
    assert found == []
    assert "172.17.0.2 is the container's own address" in fault
    assert "10.2.0.2 on tun0 is of a VPN" in fault


@pytest.mark.server
def test_refuses_the_address_of_a_real_bridge_network(namespace: Namespace, container_root: Path) -> None:
    namespace.inside("address", "add", "172.17.0.2/16", "dev", "eth0")
    found, faults = namespace.effective(container_root)
    assert found == []
    assert faults[0].startswith(f"addresses: 172.17.0.2 {CONTAINERS_OWN}")


@pytest.mark.server
def test_takes_the_address_of_a_real_container_on_macvlan(namespace: Namespace, container_root: Path) -> None:
    namespace.inside("link", "add", "lan", "link", "far", "type", "macvlan", "mode", "bridge")
    namespace.inside("link", "set", "lan", "up")
    namespace.inside("address", "add", "192.168.77.20/24", "dev", "lan")
    assert namespace.effective(container_root) == (["192.168.77.20"], [])


@pytest.mark.server
def test_takes_the_hosts_address_of_a_real_container_on_the_hosts_network(
    namespace: Namespace, container_root: Path
) -> None:
    namespace.inside("link", "add", "docker0", "type", "bridge")
    namespace.inside("address", "add", "192.168.77.10/24", "dev", "eth0")
    assert namespace.effective(container_root) == (["192.168.77.10"], [])
