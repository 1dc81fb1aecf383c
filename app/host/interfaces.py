"""Which network interfaces are here, and who is at their other end? What the kernel says, on Linux, as the image is."""

import fcntl
import re
import socket
import struct
from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from typing import NamedTuple

from app.config.values import IPAddress

from . import scopes

ROOT = Path("/")

USER_NETWORK = IPv4Network("10.0.2.0/24")
"""What slirp4netns gives to rootless containers, and QEMU and VirtualBox to machines behind their NAT."""
DESKTOP_NETWORK = IPv4Network("192.168.65.0/24")
"""What Docker Desktop gives to its virtual machine."""

_INSIDE_THE_HOST = re.compile(
    r"docker.*|br-[0-9a-f]{12}|veth.*|virbr.*|cni.*|podman.*|nerdctl\d+|lxcbr.*|lxdbr.*|incusbr.*|hassio|waydroid\d+"
    r"|vboxnet\d+|vmnet\d+|flannel.*|cali.*|kube-.*"
)
"""Networks that engines and virtual machines make inside the host. A LAN bridge (br0, ovs_eth0, vmbr0) is not one."""
_OVERLAY = re.compile(r"zt\w{8,}|tap\d+")
"""ZeroTier's and OpenVPN's, which look like Ethernet."""
_DESKTOP_KERNEL = re.compile(r"linuxkit|microsoft", re.IGNORECASE)

_UNSTEADY = 0x01 | 0x08 | 0x20 | 0x40
"""Flags of /proc/net/if_inet6 (linux/if_addr.h): temporary, DAD failed, deprecated, tentative."""
_LINKS = {0, 1, 32, 772, *range(801, 804)}
"""Kinds (linux/if_arp.h) that have neighbours: unknown, Ethernet, InfiniBand, loopback, Wi-Fi. Others are tunnels."""
_ONLY_INSIDE = {"", "veth", "tun", "dummy"}
"""Drivers of what a bridge has that joins nothing but containers and virtual machines."""


class Reach(Enum):
    """Who is at the other end, as said of an address."""

    LAN = "of your network"
    TUNNEL = "of a VPN, and reached by those in it alone"
    HOST = "of a network inside this machine"
    NARROW = "of this machine or link alone, by its scope"
    CONTAINER = "the container's own"


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface with its steady addresses."""

    name: str
    addresses: tuple[IPAddress, ...]
    reach: Reach = Reach.LAN


class Hardware(NamedTuple):
    """The kernel's driver of an interface (veth, macvlan, e1000e ..., empty when it has none) and its kind."""

    driver: str
    kind: int


def inspect(
    listed: Iterable[tuple[str, IPAddress]] | None = None,
    hardware: Callable[[str], Hardware] | None = None,
    root: Path = ROOT,
    narrow: Container[IPAddress] | None = None,
) -> tuple[Interface, ...]:
    """Interfaces with their steady addresses, those with a default route first, by metric.

    `listed` is (interface, address) pairs, `hardware` tells what an interface is, and `narrow` are addresses that are
    not for a network (default of all three: asks the kernel); `root` is where proc, sys and the engines' marker files
    are found. Narrow addresses are an entry of their own.
    """
    hardware = hardware or _hardware
    narrow = scopes.narrow() if narrow is None else narrow
    unsteady, routed = _unsteady(root), tuple(_default_routes(root))
    found: dict[str, list[IPAddress]] = {name: [] for name in routed}
    apart: list[Interface] = []
    for name, address in _listed() if listed is None else listed:
        name = name.partition(":")[0]  # eth0:1 is an alias of eth0
        if address in narrow:
            apart.append(Interface(name, (address,), Reach.NARROW))
        elif address not in unsteady:
            found.setdefault(name, []).append(address)
    networked = (
        Interface(name, tuple(addresses), _reach(name, addresses, hardware, routed, root))
        for name, addresses in found.items()
        if addresses
    )
    return (*networked, *apart)


def shared_by_clients(root: Path = ROOT) -> tuple[str, ...]:
    """As whose addresses every client may appear: gateways of a container's networks, and with slirp4netns, whose port
    forwarding comes from inside, the container's own (podman-run(1), port_handler). None on other networks."""
    ends = [interface for interface in inspect(root=root) if interface.reach is Reach.CONTAINER]
    names = {interface.name for interface in ends}
    ipv4 = [(row[0], row[2], row) for row in _rows(root / "proc/net/route")]
    ipv6 = [(row[9], row[4], row) for row in _rows(root / "proc/net/ipv6_route")]
    gateways = [_address(digits) for name, digits, row in (*ipv4, *ipv6) if name in names and _is_default(row)]
    own = [str(address) for interface in ends for address in interface.addresses if address in USER_NETWORK]
    return tuple(dict.fromkeys([*gateways, *own]))


def has_desktop_kernel(root: Path = ROOT) -> bool:
    """Whether this is the virtual machine of Docker Desktop or of Windows' subsystem for Linux."""
    path = root / "proc/sys/kernel/osrelease"
    return path.exists() and _DESKTOP_KERNEL.search(path.read_text()) is not None


def _reach(
    name: str, addresses: Iterable[IPAddress], hardware: Callable[[str], Hardware], routed: Container[str], root: Path
) -> Reach:
    its = hardware(name)
    if _is_end(its, addresses, root):
        return Reach.CONTAINER
    if its.kind not in _LINKS or _OVERLAY.fullmatch(name):
        return Reach.TUNNEL
    is_apart = name not in routed and _joins_only_inside(root / "sys/class/net" / name, hardware)
    return Reach.HOST if is_apart or _is_inside(name, addresses, root) else Reach.LAN


def _is_end(its: Hardware, addresses: Iterable[IPAddress], root: Path) -> bool:
    """Whether only the host of a container is behind it: a pair of veth, or slirp4netns."""
    if its.driver == "tun":
        return any(address in USER_NETWORK for address in addresses)
    return its.driver == "veth" and _is_isolated(root)


def _is_inside(name: str, addresses: Iterable[IPAddress], root: Path) -> bool:
    in_desktop = any(address in DESKTOP_NETWORK for address in addresses) and has_desktop_kernel(root)
    return in_desktop or _INSIDE_THE_HOST.fullmatch(name) is not None


def _is_isolated(root: Path) -> bool:
    """Whether this is a container with its own network, which sees no bridge; with the host's it sees the engine's."""
    in_container = any((root / marker).exists() for marker in (".dockerenv", "run/.containerenv"))
    return in_container and not any(root.glob("sys/class/net/*/bridge"))


def _joins_only_inside(entry: Path, hardware: Callable[[str], Hardware]) -> bool:
    """Whether it is a bridge, and none of its members leads out of this machine."""
    members = [member.name for member in (entry / "brif").glob("*")]
    return (entry / "bridge").exists() and all(hardware(member).driver in _ONLY_INSIDE for member in members)


def _listed() -> Iterator[tuple[str, IPAddress]]:
    import ifaddr  # with ctypes, which programs that only read files can do without

    for adapter in ifaddr.get_adapters():
        for address in adapter.ips:
            yield adapter.name, ip_address(address.ip if isinstance(address.ip, str) else address.ip[0])


def _unsteady(root: Path) -> set[IPAddress]:
    """IPv6 addresses that will go away, or are not there yet."""
    return {
        ip_address(bytes.fromhex(digits))
        for digits, _, _, _, flags, _ in _rows(root / "proc/net/if_inet6")
        if int(flags, 16) & _UNSTEADY
    }


def _default_routes(root: Path) -> Iterator[str]:
    """Interfaces with a default route, IPv4's first, each by metric."""
    ipv4 = ((int(row[6]), row[0]) for row in _rows(root / "proc/net/route") if _is_default(row))
    ipv6 = ((int(row[5], 16), row[9]) for row in _rows(root / "proc/net/ipv6_route") if _is_default(row))
    for routes in (ipv4, ipv6):
        for _, name in sorted(routes):
            yield name


def _is_default(row: Sequence[str]) -> bool:
    """Whether a row of IPv4's routes or of IPv6's, which has ten columns, leads anywhere. RTF_REJECT leads nowhere."""
    destination, mask, flags = (row[0], row[1], row[8]) if len(row) == 10 else (row[1], row[7], row[3])
    return destination.strip("0") == mask.strip("0") == "" and not int(flags, 16) & 0x200


def _address(digits: str) -> str:
    """Of a table of routes: IPv4's are numbers of the machine, little-endian as ours are, IPv6's octets in order."""
    octets = bytes.fromhex(digits)
    return str(ip_address(octets[::-1] if len(octets) == 4 else octets))


def _rows(table: Path) -> list[list[str]]:
    """The rows of a table of the kernel; none when IPv4 or IPv6 is switched off and the table is not there."""
    if not table.exists():
        return []
    return [line.split() for line in table.read_text().splitlines()]


def _hardware(name: str) -> Hardware:
    """By ethtool's GDRVINFO and SIOCGIFHWADDR (netdevice(7)): of this network, whose sysfs may not be mounted.

    sysfs could not tell a container's veth from a macvlan either, which does have an address on the LAN.
    """
    sioc_ethtool, get_driver_info, hardware_address = 0x8946, 3, 0x8927
    info = array("B", struct.pack("=I32s160x", get_driver_info, b""))
    driver, kind = "", 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            told = fcntl.ioctl(any_socket, hardware_address, struct.pack("16s24x", name.encode()))
            kind = int.from_bytes(told[16:18], "little" if socket.htons(1) != 1 else "big")
            fcntl.ioctl(any_socket, sioc_ethtool, struct.pack("16sP16x", name.encode(), info.buffer_info()[0]))
            driver = info.tobytes()[4:36].rstrip(b"\0").decode()
        except OSError:
            pass  # a driver that does not tell, or an interface that has just gone
    return Hardware(driver, kind)
