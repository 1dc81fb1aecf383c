"""A control group with a limit of memory, for whatever is started in it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from tests.appliance import START

_MOUNTED = Path("/sys/fs/cgroup")
_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class MemoryGroup:
    """One that is there, of version 1 or 2 (cgroups(7))."""

    folder: Path

    @property
    def is_version_2(self) -> bool:
        return (self.folder / "memory.max").exists()

    @property
    def peak_octets(self) -> int:
        """What was used at most, with what the kernel could have dropped."""
        names = ("memory.peak", "memory.max_usage_in_bytes")
        return int(next(path for name in names if (path := self.folder / name).exists()).read_text())

    @property
    def killed(self) -> int:
        """How many processes the kernel has ended for want of memory."""
        file = self.folder / ("memory.events" if self.is_version_2 else "memory.oom_control")
        counts = dict(line.split() for line in file.read_text().splitlines())
        return int(counts["oom_kill"])

    def start(self, folder: Path) -> Path:
        """A program, made in `folder`, that starts the appliance in this group."""
        path = folder / "start-confined"
        path.write_text(f"#!/bin/sh\necho $$ > {self.folder}/cgroup.procs && exec {START}\n")
        path.chmod(0o755)
        return path


@contextmanager
def limited(most_octets: int) -> Iterator[MemoryGroup]:
    """Needs root, and control groups that may be written."""
    with suppress(OSError):  # version 2, where the root has not handed it down yet
        (_MOUNTED / "cgroup.subtree_control").write_text("+memory")
    inside = _MOUNTED / "memory" if (_MOUNTED / "memory/cgroup.procs").exists() else _MOUNTED
    folder = Path(tempfile.mkdtemp(prefix="homedot-test-", dir=inside))
    group = MemoryGroup(folder)
    try:
        limit = "memory.max" if group.is_version_2 else "memory.limit_in_bytes"
        (folder / limit).write_text(str(most_octets))
        for swap, most in (("memory.swap.max", 0), ("memory.memsw.limit_in_bytes", most_octets)):
            with suppress(OSError):  # a kernel without swap
                (folder / swap).write_text(str(most))
        yield group
    finally:
        for _ in range(int(_DEADLINE_S / 0.1)):  # what ended is counted there for a moment
            with suppress(OSError):
                folder.rmdir()
                break
            sleep(0.1)
