"""Which interfaces are here, and who is at their other end? By the kernel's tables, in a folder."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType

import pytest

from app.host import interfaces
from app.host.interfaces import Hardware, Interface, Reach, has_desktop_kernel, inspect, shared_by_clients

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
ETHERNET, TUNNEL = 1, 65534
BRIDGE = "sys__class__net__docker0__bridge__bridge_id"


def tree(root: Path, **files: str) -> Path:
    """A folder with the files named like `proc__net__route`."""
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def plain(_: str) -> Hardware:
    return Hardware("", ETHERNET)


def look(
    root: Path,
    name: str,
    address: str = "192.168.1.10",
    driver: str = "e1000e",
    kind: int = ETHERNET,
    *,
    files: Mapping[str, str] = MappingProxyType({}),
) -> Reach:
    """Who is at the other end of an interface; all others are a container's end of a pair."""

    def hardware(asked: str) -> Hardware:
        return Hardware(driver, kind) if asked == name else Hardware("veth", ETHERNET)

    (found,) = inspect([(name, ip_address(address))], hardware, tree(root, **files))
    return found.reach


def test_puts_interfaces_with_a_default_route_first_by_metric(tmp_path: Path) -> None:
    root = tree(tmp_path, proc__net__route=ROUTES, proc__net__ipv6_route=ROUTES_IPV6)
    names = ["lan9", "dead", "half", "six0", "wlan0", "eth0", "lo"]
    found = inspect([(name, ip_address("10.0.0.1")) for name in names], plain, root)
    assert [each.name for each in found] == ["eth0", "wlan0", "six0", "lan9", "dead", "half", "lo"]


@pytest.mark.parametrize(("flags", "kept"), [("80", True), ("00", True), ("01", False), ("20", False), ("40", False)])
def test_drops_temporary_deprecated_and_tentative_addresses(tmp_path: Path, flags: str, *, kept: bool) -> None:
    root = tree(tmp_path, proc__net__if_inet6=f"fd000000000000000000000000000010 02 40 00 {flags}     eth0\n")
    assert bool(inspect([("eth0", ip_address("fd00::10"))], plain, root)) is kept


def test_drops_a_duplicate_address(tmp_path: Path) -> None:
    root = tree(tmp_path, proc__net__if_inet6="fd000000000000000000000000000010 02 40 00 88     eth0\n")
    assert inspect([("eth0", ip_address("fd00::10"))], plain, root) == ()


def test_an_alias_belongs_to_its_interface(tmp_path: Path) -> None:
    found = inspect([("eth0", ip_address("10.0.0.1")), ("eth0:1", ip_address("10.0.0.2"))], plain, tmp_path)
    assert found == (Interface("eth0", (ip_address("10.0.0.1"), ip_address("10.0.0.2"))),)


@pytest.mark.parametrize(
    ("files", "driver", "expected"),
    [
        ({".dockerenv": ""}, "veth", Reach.CONTAINER),
        ({"run__.containerenv": ""}, "veth", Reach.CONTAINER),
        ({}, "veth", Reach.LAN),  # a virtual machine's or an LXC box's own network
        ({".dockerenv": ""}, "macvlan", Reach.LAN),  # an address on the LAN
        ({".dockerenv": ""}, "tun", Reach.LAN),  # pasta's, which has the address of the machine
        ({".dockerenv": "", BRIDGE: ""}, "veth", Reach.LAN),  # the host's network
    ],
)
def test_recognises_the_end_of_a_bridge_network(
    tmp_path: Path, files: dict[str, str], driver: str, expected: Reach
) -> None:
    assert look(tmp_path, "eth0", driver=driver, files=files) is expected


@pytest.mark.parametrize(
    "name",
    ["docker0", "docker_gwbridge", "br-0123456789ab", "veth1a2b3c4", "virbr0", "cni0", "podman1", "lxcbr0", "lxdbr0",
     "incusbr0", "nerdctl0", "waydroid0", "vboxnet0", "vmnet8", "flannel.1"],
)  # fmt: skip
def test_knows_networks_inside_the_host_by_name(tmp_path: Path, name: str) -> None:
    assert look(tmp_path, name, "192.168.122.1") is Reach.HOST


@pytest.mark.parametrize("name", ["br0", "ovs_eth0", "vmbr0", "bond0", "eth0.10", "br-lan", "wlan0", "enp3s0"])
def test_takes_others_for_networks_of_the_lan(tmp_path: Path, name: str) -> None:
    assert look(tmp_path, name) is Reach.LAN


@pytest.mark.parametrize(
    ("members", "routes", "expected"),
    [
        ((), "", Reach.HOST),
        (("vnet0", "veth1"), "", Reach.HOST),
        (("vnet0",), "mynet 00000000 0101A8C0 0003 0 0 0 00000000 0 0 0\n", Reach.LAN),
    ],
)
def test_a_bridge_that_joins_nothing_but_containers_is_inside_whatever_its_name(
    tmp_path: Path, members: tuple[str, ...], routes: str, expected: Reach
) -> None:
    folder = "sys__class__net__mynet__"
    files = {f"{folder}brif__{member}__port_no": "1" for member in members}
    files |= {f"{folder}bridge__id": "", "proc__net__route": routes}
    assert look(tmp_path, "mynet", "10.66.0.1", files=files) is expected


def test_a_bridge_with_a_network_card_is_of_the_lan(tmp_path: Path) -> None:
    def hardware(name: str) -> Hardware:
        return Hardware("r8169" if name == "enp3s0" else "veth", ETHERNET)

    folder = "sys__class__net__mynet__"
    files = {f"{folder}{file}": "" for file in ("bridge__id", "brif__enp3s0__port_no", "brif__veth1__port_no")}
    (found,) = inspect([("mynet", ip_address("192.168.1.10"))], hardware, tree(tmp_path, **files))
    assert found.reach is Reach.LAN


@pytest.mark.parametrize(
    ("name", "kind", "address"),
    [
        ("tun0", TUNNEL, "10.8.0.6"),
        ("wg0", TUNNEL, "10.6.0.1"),
        ("tailscale0", TUNNEL, "100.101.102.103"),
        ("ppp0", 512, "10.64.64.64"),
        ("ztabcdef12", ETHERNET, "10.147.17.5"),
        ("tap0", ETHERNET, "10.8.0.1"),
    ],
)
def test_knows_tunnels_by_their_kind_or_name(tmp_path: Path, name: str, kind: int, address: str) -> None:
    assert look(tmp_path, name, address, "tun", kind) is Reach.TUNNEL


def test_the_network_of_a_rootless_engine_is_the_containers_own(tmp_path: Path) -> None:
    assert look(tmp_path, "tap0", "10.0.2.100", "tun") is Reach.CONTAINER
    assert look(tmp_path, "eth0", "10.0.2.100") is Reach.LAN


CONTAINER_ROUTES = """\
Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
{name} 00000000 {gateway} 0003 0 0 0 00000000 0 0 0
{name} 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0
"""
CONTAINER_ROUTES_IPV6 = f"{ZERO} 00 {ZERO} 00 fd00{'0' * 27}1 00000400 00000001 00000000 00000003 eth0\n"


def shared(root: Path, monkeypatch: pytest.MonkeyPatch, listed: str, driver: str) -> tuple[str, ...]:
    name, _, address = listed.partition(" ")
    monkeypatch.setattr(interfaces, "_listed", lambda: [(name, ip_address(address))])
    monkeypatch.setattr(interfaces, "_hardware", lambda _: Hardware(driver, ETHERNET))
    return shared_by_clients(root)


def test_behind_the_gateways_of_a_bridge_network_stand_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routes = CONTAINER_ROUTES.format(name="eth0", gateway="010011AC")
    root = tree(tmp_path, proc__net__route=routes, proc__net__ipv6_route=CONTAINER_ROUTES_IPV6, **{".dockerenv": ""})
    assert shared(root, monkeypatch, "eth0 172.17.0.2", "veth") == ("172.17.0.1", "fd00::1")
    assert shared(root, monkeypatch, "eth0 192.168.1.10", "macvlan") == ()


def test_behind_slirp4netns_stand_many_as_the_container_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(tmp_path, proc__net__route=CONTAINER_ROUTES.format(name="tap0", gateway="0202000A"))
    assert shared(root, monkeypatch, "tap0 10.0.2.100", "tun") == ("10.0.2.2", "10.0.2.100")


@pytest.mark.parametrize(
    ("release", "expected"),
    [("6.10.14-linuxkit", Reach.HOST), ("5.15.167.4-microsoft-standard-WSL2", Reach.HOST), ("6.12.1", Reach.LAN)],
)
def test_knows_the_virtual_machine_of_docker_desktop(tmp_path: Path, release: str, expected: Reach) -> None:
    files = {"proc__sys__kernel__osrelease": f"{release}\n"}
    assert look(tmp_path, "eth0", "192.168.65.3", files=files) is expected
    assert has_desktop_kernel(tmp_path) is (expected is Reach.HOST)
