"""What compiling a list takes, and what there is: who knows before does not wait to be killed."""

import os
from pathlib import Path

from app.errors import NoRoomError

_BASE_OCTETS, _OCTETS_OF_A_NAME = 30_000_000, 16
"""Measured: 40 MB with a million names, 67 MB with three, 169 MB with ten."""
_CGROUP = Path("/sys/fs/cgroup")


def needed_octets(names: int) -> int:
    """By the whole child."""
    return _BASE_OCTETS + _OCTETS_OF_A_NAME * names


def check(names: int, cgroup: Path = _CGROUP) -> None:
    """Raises NoRoomError if there is not enough memory to compile so many."""
    free = free_octets(cgroup)
    ours = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if free is not None and needed_octets(names) - ours > free:
        needs, has = needed_octets(names) // 1_000_000, (free + ours) // 1_000_000
        raise NoRoomError(f"needs {needs} MB of memory to compile its {names} names, and {has} MB are free")


def free_octets(cgroup: Path = _CGROUP) -> int | None:
    """What the container's limit (Linux, cgroup-v2.rst) leaves besides what the kernel can drop; None without one."""
    try:
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
        lines = (line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        droppable = sum(int(count) for what, count in lines if what in {"inactive_file", "active_file"})
    except (OSError, ValueError):
        return None
    return limit - used + droppable
