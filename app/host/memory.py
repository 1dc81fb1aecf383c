"""How much memory may this box use? The smallest of what the machine has and what each control group allows.

In a container the limit is that of `docker run --memory` or `deploy.resources` in compose; with systemd, MemoryMax=.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from app.errors import OperatorError

_MEMINFO = re.compile(r"^MemTotal:\s+(\d+) kB$", re.MULTILINE)


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
    found = [*_machine(root / "proc/meminfo"), *_control_groups(root)]
    return min(found, default=1 << 30)


def _machine(meminfo: Path) -> Iterator[int]:
    with suppress(OSError):
        total = _MEMINFO.search(meminfo.read_text())
        if total:
            yield int(total[1]) * 1024


def _control_groups(root: Path) -> Iterator[int]:
    """Limits of our own group and those around it, versions 1 and 2 (cgroups(7)); "max" is none."""
    mounted = root / "sys/fs/cgroup"
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                folder, name = mounted, "memory.max"
            elif "memory" in controllers.split(","):
                folder, name = mounted / "memory", "memory.limit_in_bytes"
            else:
                continue
            # A container sees its own group as the root, or the host's path to it, which it cannot follow.
            inner = folder / path.lstrip("/")
            for group in (inner, *inner.parents):
                with suppress(OSError, ValueError):
                    yield int((group / name).read_text())
                if group == folder:
                    break
