"""A network and mounts of one's own: addresses come and go, disks are small, and the machine notices nothing."""

import ctypes
import os
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.appliance import PROGRAMS, clean

T = TypeVar("T")
_CLONE_NEWNET = 0x40000000  # linux/sched.h


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

    def bootstrap(self, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Prepare a start in it."""
        return subprocess.run(
            [*self.enter, *PROGRAMS, "bootstrap"],
            env=clean(environment), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def inside(self, work: Callable[[], T]) -> T:
        """Do `work` in a thread of its own that has this network, as has everything that `work` starts."""

        def enter_and_work() -> T:
            libc = ctypes.CDLL(None, use_errno=True)
            with Path(f"/proc/{self.pid}/ns/net").open() as network:
                if libc.setns(network.fileno(), _CLONE_NEWNET):  # a thread's own; Python has it from 3.12 on
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            return work()

        with ThreadPoolExecutor(1) as threads:
            return threads.submit(enter_and_work).result()


def allow_tunnels() -> None:
    """Make the device that tunnels are made with (Linux, tuntap.rst): a container has none by itself."""
    device = Path("/dev/net/tun")
    if not device.exists():
        device.parent.mkdir(exist_ok=True)
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(10, 200))


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
