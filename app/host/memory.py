"""How much memory may this box use? The smallest of what the machine has and what each control group allows.

In a container the limit is that of `docker run --memory` or `deploy.resources` in compose; with systemd, MemoryMax=.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from app.errors import OperatorError

LEAST_BYTES, LEAST_WITH_LISTS_BYTES = 96 << 20, 128 << 20
"""With less the programs do not fit beside one another, and the kernel ends one after the other."""


def require(root: Path = Path("/")) -> None:
    """Raises OperatorError where there is too little."""
    limit = limit_bytes(root)
    if limit < LEAST_BYTES:
        has, least = limit >> 20, LEAST_BYTES >> 20
        raise OperatorError(f"there are {has} MB of memory, and {least} MB are the least: raise mem_limit or --memory")


def shortage(root: Path = Path("/")) -> str:
    """What this box does without for want of memory, in one sentence; empty if there is enough."""
    limit = limit_bytes(root)
    if limit >= LEAST_WITH_LISTS_BYTES:
        return ""
    has, least = limit >> 20, LEAST_WITH_LISTS_BYTES >> 20
    return (
        f"there are {has} MB of memory: doing without block lists, for which {least} MB are the least: raise mem_limit"
    )


def limit_bytes(root: Path = Path("/")) -> int:
    """The limit in force; `root` is where proc and sys are. A machine that tells nothing counts as 1 GiB."""
    found = [*_machine(root, "MemTotal"), *(limit for limit, _, _ in _control_groups(root))]
    return min(found, default=1 << 30)


def free_bytes(root: Path = Path("/")) -> int | None:
    """What may be used besides what is in use, and what the kernel can drop; None if nothing tells it."""
    groups = (limit - used + droppable for limit, used, droppable in _control_groups(root))
    return min((*_machine(root, "MemAvailable"), *groups), default=None)


def _machine(root: Path, what: str) -> Iterator[int]:
    with suppress(OSError):
        found = re.search(rf"^{what}:\s+(\d+) kB$", (root / "proc/meminfo").read_text(), re.MULTILINE)
        if found:
            yield int(found[1]) * 1024


class _Files(NamedTuple):
    """Of a control group: those with its limit and what it uses, and which numbers of `memory.stat` are the cache of
    files, of groups below too."""

    limit: str
    used: str
    cached: frozenset[str]


_VERSION_2 = _Files("memory.max", "memory.current", frozenset({"inactive_file", "active_file"}))
_VERSION_1 = _Files(
    "memory.limit_in_bytes", "memory.usage_in_bytes", frozenset({"total_inactive_file", "total_active_file"})
)


def _control_groups(root: Path) -> Iterator[tuple[int, int, int]]:
    """Of our own group and those around it, versions 1 and 2 (cgroups(7)), that have a limit: the limit, what is used
    of it, and how much of that the kernel can drop."""
    mounted = root / "sys/fs/cgroup"
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                folder, files = mounted, _VERSION_2
            elif "memory" in controllers.split(","):
                folder, files = mounted / "memory", _VERSION_1
            else:
                continue
            # A container sees its own group as the root, or the host's path to it, which it cannot follow.
            inner = folder / path.lstrip("/")
            for group in (inner, *inner.parents):
                with suppress(OSError, ValueError):  # "max" is no limit
                    yield int((group / files.limit).read_text()), *_use(group, files)
                if group == folder:
                    break


def _use(group: Path, files: _Files) -> tuple[int, int]:
    """What is used, and how much of it can be dropped; none where that is not told."""
    with suppress(OSError, ValueError):
        lines = (line.split() for line in (group / "memory.stat").read_text().splitlines())
        droppable = sum(int(count) for what, count in lines if what in files.cached)
        return int((group / files.used).read_text()), droppable
    return 0, 0
