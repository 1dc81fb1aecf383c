import asyncio
import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from app.dot.listener import Listener
from app.dot.poller import running_poller

pytestmark = pytest.mark.anyio


@pytest.fixture
def descriptor_limit() -> Iterator[Callable[[], None]]:
    """A call that forbids to open more file descriptors than are open at that moment."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    def forbid() -> None:
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, before[1]))

    yield forbid
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_without_descriptors_newcomers_are_turned_away_and_accepting_recovers(
    descriptor_limit: Callable[[], None],
) -> None:
    accepted: list[socket.socket] = []
    failures: list[int] = []
    came = asyncio.Event()

    def take(connected: socket.socket, _: tuple[str, int]) -> None:
        accepted.append(connected)
        came.set()

    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.setblocking(False)
    listener = Listener(bound, take, lambda: failures.append(1), running_poller(), rest_s=0.05)
    await asyncio.to_thread(int)  # the thread must be there before the descriptors are gone
    clients = []
    hoard: list[int] = []
    client = socket.create_connection(("127.0.0.1", listener.port))
    clients.append(client)
    await came.wait()
    waiting = socket.create_connection(("127.0.0.1", listener.port))
    descriptor_limit()
    with suppress(OSError):
        while True:
            hoard.append(os.open(os.devnull, os.O_RDONLY))
    waiting.settimeout(10)
    assert await asyncio.to_thread(waiting.recv, 1) == b""  # turned away, not left hanging
    assert failures
    for held in hoard:
        os.close(held)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    came.clear()
    clients.append(await asyncio.to_thread(socket.create_connection, ("127.0.0.1", listener.port)))
    async with asyncio.timeout(10):
        await came.wait()
    listener.close()
    for held_open in [*clients, *accepted, waiting]:
        held_open.close()
