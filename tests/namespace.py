"""A network and mounts of one's own: addresses come and go, disks are small, and the machine notices nothing."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.appliance import clean


@dataclass(frozen=True, slots=True)
class Namespace:
    """Processes in it see a loopback interface and nothing of the machine's network."""

    pid: int

    @property
    def enter(self) -> list[str]:
        """What to put before a command."""
        return ["nsenter", "-t", str(self.pid), "-n", "-m", "--"]

    def run(self, *words: str) -> None:
        """Run a command in it. Raises CalledProcessError."""
        subprocess.run([*self.enter, *words], check=True, capture_output=True, timeout=30)

    def homedot(self, environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `homedot ARGUMENTS` in it."""
        return subprocess.run(
            [*self.enter, "homedot", *arguments],
            env=clean(environment), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip


@contextmanager
def namespace() -> Iterator[Namespace]:
    """Needs root. Its mounts are gone with it."""
    command = ["unshare", "--net", "--mount", "sh", "-c", "ip link set lo up && echo ready && exec cat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"ready\n"
            yield Namespace(process.pid)
        finally:
            process.stdin.close()
