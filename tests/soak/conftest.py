"""A front door under attack, and what must be true of it afterwards."""

import asyncio
import re
import resource
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.appliance import Appliance, children, command_line, folder_for_all, running, settings_in
from tests.internet import Internet

_SETTLED_WITHIN_S = 30
CACHE_KB = 16 * 1024
MEMORY_SLACK_KB = 6 * 1024
"""What Python's and the kernel's allocators may keep after a flood: of one fault, and of all together."""


@dataclass(frozen=True)
class Front:
    """The front door of a running appliance, or another of its own port and pid."""

    appliance: Appliance
    own_port: int = 0
    own_pid: int = 0

    @property
    def port(self) -> int:
        return self.own_port or self.appliance.dot_port

    @property
    def pid(self) -> int:
        return self.own_pid or next(
            pid for pid in children(self.appliance.process.pid) if "programs front" in command_line(pid)
        )

    @property
    def descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    @property
    def memory_kb(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])

    def strict_kdig(self, name: str = "signed.test") -> str:
        command = [
            "kdig",
            "@127.0.0.1",
            "-p",
            str(self.port),
            "+retry=0",
            "+timeout=9",
            f"+tls-ca={self.appliance.root}",
        ]
        command += ["+tls-hostname=dns.home.arpa"]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout

    async def crowd(self, count: int) -> list[socket.socket]:
        """`count` connections from as many addresses, as far as they are let in."""
        loop = asyncio.get_running_loop()
        sockets = []
        for number in range(count):
            client = socket.socket()
            client.setblocking(False)
            client.bind((f"127.{60 + number // 60000}.{number // 250 % 250}.{number % 250 + 1}", 0))
            sockets.append(client)
            with suppress(OSError):
                await loop.sock_connect(client, ("127.0.0.1", self.port))
        return sockets


@pytest.fixture(scope="module")
def appliance(internet: Internet) -> Iterator[Appliance]:
    with folder_for_all() as folder, running(folder, settings_in(folder, **internet.environment)) as box:
        yield box


@pytest.fixture(scope="module")
def most_memory_kb(appliance: Appliance) -> int:
    """What the front door may have at most: what it has before anything was asked, and a full cache."""
    return Front(appliance).memory_kb + CACHE_KB + MEMORY_SLACK_KB


@pytest.fixture(scope="module")
def descriptors(appliance: Appliance) -> int:
    """How many the front door has open while nobody is connected: the fewest of some looks."""
    door = Front(appliance)
    seen = []
    for _ in range(10):
        seen.append(door.descriptors)
        time.sleep(0.1)  # the connections that waited for the start are closing
    return min(seen)


@pytest.fixture
def front(
    request: pytest.FixtureRequest, appliance: Appliance, most_memory_kb: int, descriptors: int
) -> Iterator[Front]:
    """After the test: a strict client is answered, memory and descriptors are back, nothing crashed.

    A parameter is how many kB the cache may grow by, for a test that fills it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    door = Front(appliance)
    assert "status: NOERROR" in door.strict_kdig()
    pid, before_kb = door.pid, door.memory_kb
    yield door
    answer = door.strict_kdig()
    assert "status: NOERROR" in answer, answer
    wait_until_closed(door, descriptors)
    most_kb = min(most_memory_kb, before_kb + getattr(request, "param", 0) + MEMORY_SLACK_KB)
    print(f"{before_kb} kB before, {door.memory_kb} kB after, of at most {most_kb}")
    assert door.memory_kb <= most_kb
    assert door.pid == pid
    assert "Traceback" not in appliance.log
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def wait_until_closed(door: Front, descriptors: int) -> None:
    """Until `door` has exactly `descriptors` open. Raises AssertionError when deadlines should long have passed."""
    deadline_s = time.monotonic() + _SETTLED_WITHIN_S
    while door.descriptors != descriptors:
        assert time.monotonic() < deadline_s, f"{door.descriptors} descriptors, {descriptors} before"
        time.sleep(0.1)  # no event tells that another process closed a file
