"""Which LAN addresses does this box have? Pure, but for `survey`, which asks the kernel.

What nobody at home reaches is left out, or said with it: the address is what the QR code leads to.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from app.config.values import IPAddress, IPNetwork
from app.errors import OperatorError
from app.networks import LAN, LINK_LOCAL, LINK_LOCAL_4, LOOPBACK, OVERLAY, within

from .interfaces import DESKTOP_NETWORK, ROOT, Interface, Reach, has_desktop_kernel, inspect

CONTAINERS_OWN = "is the container's own address, which no phone can reach"
SET_IT = "set HOMEDOT_ADDRESSES to the address of the machine, in the compose file like HOMEDOT_ADDRESSES: 192.168.1.10"

_OF_MACHINES = {IPv4Network("10.0.2.15"): "QEMU and VirtualBox give", DESKTOP_NETWORK: "Docker Desktop gives"}
"""Who has machines inside this one there. A home may have the same network."""
_OF_WSL = {IPv4Network("172.16.0.0/12"): "Windows gives"}


@dataclass(frozen=True, slots=True)
class Survey:
    """`addresses` for certificate, profile and QR code, the best first; `notices` say which of them devices may not
    reach, `left_out` which were not taken, and why."""

    addresses: tuple[IPAddress, ...]
    notices: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def effective(configured: tuple[IPAddress, ...], root: Path = ROOT) -> tuple[IPAddress, ...]:
    """The addresses of `survey`."""
    return survey(configured, root).addresses


def survey(configured: tuple[IPAddress, ...], root: Path = ROOT) -> Survey:
    """`configured` if given, else what is found. Raises OperatorError when nothing is that a device could reach."""
    return decide(configured, inspect(root=root), in_wsl=has_desktop_kernel(root))


def decide(configured: tuple[IPAddress, ...], interfaces: tuple[Interface, ...], *, in_wsl: bool = False) -> Survey:
    """`survey`, of plain values; `in_wsl` on the kernel of Docker Desktop or of Windows."""
    if configured:
        return Survey(configured, tuple(_notices_of_own(configured, interfaces)))
    doubtful = _OF_MACHINES | (_OF_WSL if in_wsl else {})
    chosen = choose(interfaces, doubtful)
    if not chosen:
        raise OperatorError(_nothing_found(interfaces))
    left_out = (
        f"{address} on {interface.name} ({_why_not(interface, address)})"
        for interface in interfaces
        for address in interface.addresses
        if address not in chosen and within(address, LAN)
    )
    return Survey(chosen, tuple(_notices_of_found(chosen, interfaces, doubtful)), tuple(dict.fromkeys(left_out)))


def choose(interfaces: Iterable[Interface], doubtful: Iterable[IPv4Network] = ()) -> tuple[IPAddress, ...]:
    """The addresses that a device at home can reach, in the order of `interfaces`, IPv4 before IPv6 on each.

    Those in `doubtful` networks come after the others, then those that overlay networks give to devices. A VPN's own
    serve only when there is nothing else and this is no container, IPv4 link-local ones when there is not even that.
    """
    found, doubtful = tuple(interfaces), tuple(doubtful)
    at_home = sorted(_of(found, Reach.LAN, LAN), key=lambda address: within(address, doubtful))
    near = (*at_home, *_of(found, Reach.TUNNEL, OVERLAY))
    tunnels = () if any(_of(found, Reach.CONTAINER, LAN)) else _of(found, Reach.TUNNEL, LAN)
    return tuple(dict.fromkeys(near or tuple(tunnels) or _of(found, Reach.LAN, LINK_LOCAL_4)))


def _of(interfaces: Iterable[Interface], reach: Reach, networks: Iterable[IPNetwork]) -> list[IPAddress]:
    """The addresses within `networks`, of those with that reach; of each IPv4 first."""
    return [
        address
        for interface in interfaces
        if interface.reach is reach
        for address in sorted(interface.addresses, key=lambda address: address.version)
        if within(address, networks)
    ]


def _notices_of_own(configured: Iterable[IPAddress], interfaces: Iterable[Interface]) -> Iterator[str]:
    """Of those that the operator names: a bridge on the host may join the LAN, which is not to be seen from here."""
    own = {address for each in interfaces if each.reach is Reach.CONTAINER for address in each.addresses}
    for address in configured:
        if address in own:
            yield (
                f"{address} is the container's own address: devices reach it only if the bridge that it hangs on is "
                f"part of your network, else {SET_IT}"
            )


def _notices_of_found(
    chosen: tuple[IPAddress, ...], interfaces: Iterable[Interface], doubtful: dict[IPv4Network, str]
) -> Iterator[str]:
    tunnels = {address for each in interfaces if each.reach is Reach.TUNNEL for address in each.addresses}
    for address in chosen:
        who = next((who for network, who in doubtful.items() if address in network), None)
        if who is not None:
            yield f"{address} is such as {who} to a machine inside this one, and no phone reaches those: {SET_IT}"
    if chosen[0] in tunnels:
        yield f"{chosen[0]} belongs to a VPN, and devices that are not in it do not reach it: {SET_IT}"


def _nothing_found(interfaces: tuple[Interface, ...]) -> list[str]:
    own = _of(interfaces, Reach.CONTAINER, LAN)
    if not own:
        return [f"addresses: no LAN address was found on this machine{_what_was_found(interfaces)}: {SET_IT}"]
    others = tuple(interface for interface in interfaces if interface.reach is not Reach.CONTAINER)
    return [
        f"addresses: {address} {CONTAINERS_OWN}{_what_was_found(others)}: {SET_IT}, or use network_mode: host"
        for address in own
    ]


def _what_was_found(interfaces: tuple[Interface, ...]) -> str:
    found = [
        f"{address} on {interface.name} is {_why_not(interface, address)}"
        for interface in interfaces
        for address in interface.addresses
        if not within(address, LOOPBACK)
    ]
    return f" ({', '.join(found)})" if found else ""


def _why_not(interface: Interface, address: IPAddress) -> str:
    if interface.reach is not Reach.LAN:
        return str(interface.reach.value)
    return "link-local" if within(address, LINK_LOCAL) else "not a private address"
