"""Who has a port? As far as this network's tables and the processes that can be seen here say; a container sees few."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from .text import printable

PROC = Path("/proc")
EVERY_ADDRESS = "every address"

_TABLES = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}
"""Of proc(5), with the state of who waits for anybody (net/tcp_states.h): LISTEN, and CLOSE, which has no peer."""
_KNOWN = {
    "127.0.0.53": "systemd-resolved",
    "127.0.0.54": "systemd-resolved",
    "192.168.122.1": "libvirt's dnsmasq",
    "10.0.3.1": "LXC's dnsmasq",
    "10.88.0.1": "Podman's aardvark-dns",
}
"""Whose address it is by default, where the process is not to be seen."""


def holders(port: int, proc: Path = PROC) -> Sequence[str]:
    """Each address that somebody has the port of, with who that is if it is known: `127.0.0.53 (systemd-resolved)`."""
    found = {address: inode for table in _TABLES for address, inode in _bound(proc / "net" / table, port)}
    programs = _programs(set(found.values()), proc) if found else {}
    names = {address: programs.get(inode) or _KNOWN.get(address) for address, inode in found.items()}
    return [f"{address} ({name})" if name else address for address, name in sorted(names.items())]


def _bound(table: Path, port: int) -> Iterator[tuple[str, str]]:
    """Address and inode of each socket that waits on the port."""
    if not table.exists():
        return
    for line in table.read_text().splitlines()[1:]:
        row = line.split()
        address, _, digits = row[1].partition(":")
        if int(digits, 16) == port and row[3] == _TABLES[table.name]:
            yield _address(address), row[9]


def _address(digits: str) -> str:
    """Of 32-bit words in the byte order of the machine; both of ours are little-endian."""
    words = (bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8))
    octets = b"".join(words)
    address = IPv4Address(octets) if len(octets) == 4 else IPv6Address(octets)
    return str(address) if int(address) else EVERY_ADDRESS


def _programs(inodes: set[str], proc: Path) -> dict[str, str]:
    """Names of the programs that have these sockets, by inode."""
    wanted, found = {f"socket:[{inode}]": inode for inode in inodes}, dict[str, str]()
    for descriptors in proc.glob("[0-9]*/fd"):
        with suppress(OSError):  # of another user, or gone
            for descriptor in descriptors.iterdir():
                inode = wanted.get(str(descriptor.readlink()))
                if inode is not None:
                    found[inode] = printable((descriptors.parent / "comm").read_text(errors="replace").strip())
    return found
