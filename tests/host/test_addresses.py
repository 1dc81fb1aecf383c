"""Which LAN addresses does this box have? Plain values, kernel tables in a folder, and real network namespaces."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

import pytest

from app.config.values import IPAddress
from app.errors import OperatorError
from app.host.addresses import CONTAINERS_OWN, Interface, choose, decide, effective, inspect


def ips(*texts: str) -> tuple[IPAddress, ...]:
    return tuple(ip_address(text) for text in texts)


def interface(name: str, *texts: str, container_end: bool = False) -> Interface:
    return Interface(name, ips(*texts), container_end)


@pytest.mark.parametrize("address", ["10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.1.10", "100.64.0.9", "fd12::1"])
def test_keeps_an_address_of_a_home(address: str) -> None:
    assert choose([interface("eth0", address)]) == ips(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "fe80::1", "203.0.113.7", "172.32.0.1", "100.128.0.1", "9.9.9.9", "2620:fe::fe", "192.0.2.2"],
)
def test_drops_an_address_that_no_home_device_uses(address: str) -> None:
    assert choose([interface("eth0", address)]) == ()


@pytest.mark.parametrize(
    "name",
    ["docker0", "docker_gwbridge", "br-0123456789ab", "veth1a2b3c4", "virbr0", "cni0", "podman1", "lxcbr0", "lxdbr0"],
)
def test_drops_networks_inside_the_host(name: str) -> None:
    assert choose([interface(name, "192.168.122.1")]) == ()


@pytest.mark.parametrize("name", ["br0", "ovs_eth0", "vmbr0", "bond0", "eth0.10", "br-lan", "wlan0", "enp3s0"])
def test_keeps_networks_of_the_lan(name: str) -> None:
    assert choose([interface(name, "192.168.1.10")]) == ips("192.168.1.10")


def test_keeps_the_order_of_interfaces_and_puts_ipv4_first_on_each() -> None:
    found = [interface("eth0", "fd00::10", "192.168.1.10"), interface("tailscale0", "100.64.0.1", "10.0.0.1")]
    assert choose(found) == ips("192.168.1.10", "fd00::10", "100.64.0.1", "10.0.0.1")


def test_names_an_address_of_two_interfaces_once() -> None:
    assert choose([interface("eth0", "192.168.1.10"), interface("wlan0", "192.168.1.10")]) == ips("192.168.1.10")


def test_takes_link_local_ipv4_only_when_there_is_nothing_else() -> None:
    assert choose([interface("eth0", "169.254.7.7", "203.0.113.7")]) == ips("169.254.7.7")
    assert choose([interface("eth0", "169.254.7.7"), interface("wlan0", "192.168.1.10")]) == ips("192.168.1.10")


def test_the_operators_addresses_win() -> None:
    assert decide(ips("203.0.113.7"), (interface("eth0", "192.168.1.10"),)) == ips("203.0.113.7")


def test_refuses_to_start_with_nothing_but_the_containers_own_address() -> None:
    found = (interface("lo", "127.0.0.1"), interface("eth0", "172.17.0.2", "fe80::1", container_end=True))
    with pytest.raises(OperatorError) as caught:
        decide((), found)
    assert caught.value.faults == (
        f"addresses: 172.17.0.2 {CONTAINERS_OWN}: set HOMEDOT_ADDRESSES to the "
        "address of the machine, in the compose file like HOMEDOT_ADDRESSES: 192.168.1.10, or use network_mode: host",
    )


def test_refuses_the_containers_own_address_also_when_the_operator_gave_it() -> None:
    found = (interface("eth0", "172.17.0.2", container_end=True), interface("eth1", "192.168.1.10"))
    with pytest.raises(OperatorError, match=r"172\.17\.0\.2 is the container's own"):
        decide(ips("192.168.1.10", "172.17.0.2"), found)


def test_takes_the_lan_address_of_a_container_on_two_networks() -> None:
    found = (interface("eth0", "172.17.0.2", container_end=True), interface("eth1", "192.168.1.10"))
    assert decide((), found) == ips("192.168.1.10")


def test_says_what_was_found_when_nothing_serves() -> None:
    found = (
        interface("lo", "127.0.0.1"),
        interface("eth0", "203.0.113.7", "fe80::1"),
        interface("docker0", "172.17.0.1"),
    )
    with pytest.raises(OperatorError) as caught:
        decide((), found)
    assert caught.value.faults == (
        "addresses: no LAN address was found on this machine (203.0.113.7 on eth0 is not a private address, "
        "fe80::1 on eth0 is link-local, 172.17.0.1 on docker0 is a network inside this machine): "
        "set HOMEDOT_ADDRESSES to the address of the machine, in the compose file like HOMEDOT_ADDRESSES: 192.168.1.10",
    )


def test_says_so_when_there_is_no_address_at_all() -> None:
    with pytest.raises(OperatorError, match="no LAN address was found on this machine: set HOMEDOT_ADDRESSES"):
        decide((), (interface("lo", "127.0.0.1"),))


# The kernel's tables, in a folder.

ROUTES = """\
Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
lan9 0009A8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
dead 00000000 00000000 0201 0 0 0 00000000 0 0 0
half 00000000 0100000A 0003 0 0 0 00000080 0 0 0
wlan0 00000000 0101A8C0 0003 0 0 600 00000000 0 0 0
eth0 00000000 0101A8C0 0003 0 0 100 00000000 0 0 0
"""
ZERO = "0" * 32
ROUTES_IPV6 = f"""\
{ZERO} 00 {ZERO} 00 {ZERO} ffffffff 00000001 00000000 00200200 lo
{ZERO} 00 {ZERO} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 six0
fd000000000000000000000000000000 40 {ZERO} 00 {ZERO} 00000100 00000001 00000000 00000001 lan9
"""


def tree(root: Path, **files: str) -> Path:
    """A folder with the files named like `proc__net__route`."""
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def no_driver(_: str) -> str:
    return ""


def test_puts_interfaces_with_a_default_route_first_by_metric(tmp_path: Path) -> None:
    root = tree(tmp_path, proc__net__route=ROUTES, proc__net__ipv6_route=ROUTES_IPV6)
    names = ["lan9", "dead", "half", "six0", "wlan0", "eth0", "lo"]
    found = inspect([(name, ip_address("10.0.0.1")) for name in names], no_driver, root)
    assert [each.name for each in found] == ["eth0", "wlan0", "six0", "lan9", "dead", "half", "lo"]


@pytest.mark.parametrize(("flags", "kept"), [("80", True), ("00", True), ("01", False), ("20", False), ("40", False)])
def test_drops_temporary_deprecated_and_tentative_addresses(tmp_path: Path, flags: str, *, kept: bool) -> None:
    root = tree(tmp_path, proc__net__if_inet6=f"fd000000000000000000000000000010 02 40 00 {flags}     eth0\n")
    found = inspect([("eth0", ip_address("fd00::10"))], no_driver, root)
    assert choose(found) == (ips("fd00::10") if kept else ())


def test_drops_a_duplicate_address(tmp_path: Path) -> None:
    root = tree(tmp_path, proc__net__if_inet6="fd000000000000000000000000000010 02 40 00 88     eth0\n")
    assert inspect([("eth0", ip_address("fd00::10"))], no_driver, root) == ()


def test_an_alias_belongs_to_its_interface(tmp_path: Path) -> None:
    found = inspect([("eth0", ip_address("10.0.0.1")), ("eth0:1", ip_address("10.0.0.2"))], no_driver, tmp_path)
    assert found == (interface("eth0", "10.0.0.1", "10.0.0.2"),)


@pytest.mark.parametrize(
    ("files", "driver", "expected"),
    [
        ({".dockerenv": ""}, "veth", True),
        ({"run__.containerenv": ""}, "veth", True),
        ({}, "veth", False),  # a virtual machine's or an LXC box's own network
        ({".dockerenv": ""}, "macvlan", False),  # an address on the LAN
        ({".dockerenv": "", "sys__class__net__docker0__bridge__bridge_id": ""}, "veth", False),  # the host's network
    ],
)
def test_recognises_the_end_of_a_bridge_network(
    tmp_path: Path, files: dict[str, str], driver: str, *, expected: bool
) -> None:
    asked: Callable[[str], str] = {"eth0": driver}.__getitem__
    found = inspect([("eth0", ip_address("172.17.0.2"))], asked, tree(tmp_path, **files))
    assert [each.container_end for each in found] == [expected]


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
def container_root(tmp_path: Path) -> Path:
    """A root folder that looks like a container's, with the real proc and sys of whoever looks."""
    for name in ("proc", "sys"):
        (tmp_path / name).symlink_to(f"/{name}")
    (tmp_path / ".dockerenv").touch()
    return tmp_path


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
