"""How much memory each of our programs has: the children of the supervisor, each with its own children."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from resource import getpagesize
from typing import Final

PROGRAMS: Final = ("supervisor", "unbound", "dot", "web", "lists", "upkeep")
_BY_MODULE = {"front": "dot", "web": "web", "lists": "lists", "upkeep": "upkeep"}


def resident_bytes(supervisor: int, proc: Path = Path("/proc")) -> Mapping[str, int]:
    """The RSS by program; pages that several share are in each (proc(5): statm). What is not ours is left out, and what
    the kernel does not show to others."""
    parents = dict(filter(None, map(_parent, (each for each in proc.iterdir() if each.name.isdigit()))))
    found: dict[str, int] = {}
    for process in parents:
        program = "supervisor" if process == supervisor else _program(process, parents, supervisor, proc)
        if program:
            with suppress(OSError):
                resident_pages = int((proc / str(process) / "statm").read_text().split()[1])
                found[program] = found.get(program, 0) + resident_pages * getpagesize()
    return {program: found[program] for program in PROGRAMS if program in found}


def _parent(process: Path) -> tuple[int, int] | None:
    try:
        # After the name, which may hold anything but is in parentheses: state and parent.
        return int(process.name), int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return None


def _program(process: int, parents: Mapping[int, int], supervisor: int, proc: Path) -> str:
    """That of the child of the supervisor which `process` is, or comes from; empty if there is none."""
    while parents.get(process, supervisor) != supervisor:
        process = parents[process]
    if process not in parents:
        return ""
    try:
        words = (proc / str(process) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    if Path(words[0]).name == "unbound":
        return "unbound"
    return _BY_MODULE.get(words[words.index("app.programs") + 1], "") if "app.programs" in words[:-1] else ""
