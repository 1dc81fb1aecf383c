"""What compiling a list takes, and whether there is as much: who knows before does not wait to be killed."""

import os
from pathlib import Path

from app.errors import NoRoomError

_BASE_OCTETS, _OCTETS_OF_A_NAME = 30_000_000, 16
"""Measured: 40 MB with a million names, 67 MB with three, 169 MB with ten."""


def needed_octets(names: int) -> int:
    """By the whole child."""
    return _BASE_OCTETS + _OCTETS_OF_A_NAME * names


def check(names: int, free_octets: int | None) -> None:
    """Raises NoRoomError if `free_octets`, of which None is enough for anything, and what this process has already are
    too little to compile so many."""
    ours = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if free_octets is not None and needed_octets(names) - ours > free_octets:
        needs, has = needed_octets(names) // 1_000_000, (free_octets + ours) // 1_000_000
        raise NoRoomError(f"needs {needs} MB of memory to compile its {names} names, and {has} MB are free")
