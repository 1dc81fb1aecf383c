"""Which LAN addresses does this box have?

`inspect` gathers what the kernel says, `choose` and `decide` are pure. Linux only, as the image is.
"""

import fcntl
import re
import socket
import struct
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from pathlib import Path

from app.config.values import IPAddress
from app.errors import OperatorError
from app.networks import LAN, LINK_LOCAL, LINK_LOCAL_4, LOOPBACK, within

ROOT = Path("/")

# Networks that engines and virtual machines make inside the host. A LAN bridge (br0, ovs_eth0, vmbr0) is not one.
INSIDE_THE_HOST = re.compile(r"docker.*|br-[0-9a-f]{12}|veth.*|virbr.*|cni.*|podman.*|lxcbr.*|lxdbr.*|hassio")

# Flags of /proc/net/if_inet6 (linux/if_addr.h): temporary, DAD failed, deprecated, tentative.
UNSTEADY = 0x01 | 0x08 | 0x20 | 0x40

CONTAINERS_OWN = "is the container's own address, which no phone can reach"
SET_IT = "set HOMEDOT_ADDRESSES to the address of the machine, in the compose file like HOMEDOT_ADDRESSES: 192.168.1.10"


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface. `container_end`: its other end is a bridge on the host, which only the host can reach."""

    name: str
    addresses: tuple[IPAddress, ...]
    container_end: bool = False


def effective(configured: tuple[IPAddress, ...], root: Path = ROOT) -> tuple[IPAddress, ...]:
    """The addresses to put into certificate, profile and QR code: `configured` if given, else those found.

    Raises OperatorError when there is none, or when one is a container's own, which no phone can reach.
    """
    return decide(configured, inspect(_listed(), root=root))


def bridge_gateway(root: Path = ROOT) -> str | None:
    """The gateway of a container's bridge network, as whose address every client may appear; None on other networks."""
    ends = {interface.name for interface in inspect(_listed(), root=root) if interface.container_end}
    for row in _rows(root / "proc/net/route"):
        if row[0] in ends and row[1] == row[7] == "00000000":
            return str(IPv4Address(bytes.fromhex(row[2])[::-1]))
    return None


def decide(configured: tuple[IPAddress, ...], interfaces: tuple[Interface, ...]) -> tuple[IPAddress, ...]:
    """`effective`, of plain values."""
    own = [address for interface in interfaces if interface.container_end for address in interface.addresses]
    chosen = tuple(address for address in configured if address not in own) or choose(interfaces)
    faults = list(_faults_of_own(own, configured, chosen))
    if faults:
        raise OperatorError(faults)
    if not chosen:
        raise OperatorError(
            f"addresses: no LAN address was found on this machine{_what_was_found(interfaces)}: {SET_IT}"
        )
    return chosen


def _faults_of_own(
    own: Collection[IPAddress], configured: Collection[IPAddress], chosen: Collection[IPAddress]
) -> Iterator[str]:
    """One for each address of a container that was set, or that is all there is."""
    for address in own:
        if address in configured or not (chosen or within(address, LINK_LOCAL)):
            yield (f"addresses: {address} {CONTAINERS_OWN}: {SET_IT}, or use network_mode: host")


def choose(interfaces: Iterable[Interface]) -> tuple[IPAddress, ...]:
    """The addresses that a device at home can reach, in the order of `interfaces`, IPv4 before IPv6 on each.

    IPv4 link-local addresses serve only when there is nothing else.
    """
    reachable = [
        address
        for interface in interfaces
        if not interface.container_end and not INSIDE_THE_HOST.fullmatch(interface.name)
        for address in sorted(interface.addresses, key=lambda address: address.version)
    ]
    at_home = tuple(address for address in reachable if within(address, LAN))
    return tuple(dict.fromkeys(at_home or (address for address in reachable if within(address, LINK_LOCAL_4))))


def inspect(
    listed: Iterable[tuple[str, IPAddress]], driver: Callable[[str], str] | None = None, root: Path = ROOT
) -> tuple[Interface, ...]:
    """Interfaces with their steady addresses, those with a default route first, by metric.

    `listed` is (interface, address) pairs; `driver` tells an interface's kernel driver (default: asks the kernel);
    `root` is where proc, sys and the engines' marker files are found.
    """
    unsteady = _unsteady(root)
    in_container = any((root / marker).exists() for marker in (".dockerenv", "run/.containerenv"))
    # A container with its own network sees no bridge; with the host's network it sees the engine's.
    isolated = in_container and not any(root.glob("sys/class/net/*/bridge"))
    found: dict[str, list[IPAddress]] = {name: [] for name in _default_routes(root)}
    for name, address in listed:
        if address not in unsteady:
            found.setdefault(name.partition(":")[0], []).append(address)  # eth0:1 is an alias of eth0
    return tuple(
        Interface(name, tuple(addresses), isolated and (driver or _driver)(name) == "veth")
        for name, addresses in found.items()
        if addresses
    )


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
        if int(flags, 16) & UNSTEADY
    }


def _default_routes(root: Path) -> Iterator[str]:
    """Interfaces with a default route, IPv4's first, each by metric. A rejecting route (RTF_REJECT) is none."""
    ipv4 = (
        (int(row[6]), row[0])
        for row in _rows(root / "proc/net/route")
        if row[1] == row[7] == "00000000" and not int(row[3], 16) & 0x200
    )
    ipv6 = (
        (int(row[5], 16), row[9])
        for row in _rows(root / "proc/net/ipv6_route")
        if int(row[0], 16) == int(row[1], 16) == 0 and not int(row[8], 16) & 0x200
    )
    for routes in (ipv4, ipv6):
        for _, name in sorted(routes):
            yield name


def _rows(table: Path) -> list[list[str]]:
    """The rows of a table of the kernel; none when IPv4 or IPv6 is switched off and the table is not there."""
    if not table.exists():
        return []
    return [line.split() for line in table.read_text().splitlines()]


def _driver(name: str) -> str:
    """The kernel's driver of an interface: veth, macvlan, e1000e ... (ethtool's GDRVINFO); empty when it has none.

    sysfs cannot tell a container's veth from a macvlan, which does have an address on the LAN.
    """
    sioc_ethtool, get_driver_info = 0x8946, 3
    info = array("B", struct.pack("=I32s160x", get_driver_info, b""))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            fcntl.ioctl(any_socket, sioc_ethtool, struct.pack("16sP16x", name.encode(), info.buffer_info()[0]))
        except OSError:
            return ""
    return info.tobytes()[4:36].rstrip(b"\0").decode()


def _what_was_found(interfaces: tuple[Interface, ...]) -> str:
    found = [
        f"{address} on {interface.name} is {_why_not(interface, address)}"
        for interface in interfaces
        for address in interface.addresses
        if not within(address, LOOPBACK)
    ]
    return f" ({', '.join(found)})" if found else ""


def _why_not(interface: Interface, address: IPAddress) -> str:
    if INSIDE_THE_HOST.fullmatch(interface.name):
        return "a network inside this machine"
    return "link-local" if within(address, LINK_LOCAL) else "not a private address"
