import asyncio
import socket

import pytest

from app.dot.poller import Poller

pytestmark = pytest.mark.anyio


async def test_tells_who_is_readable_and_who_is_writable() -> None:
    poller = Poller(asyncio.get_running_loop())
    ours, theirs = socket.socketpair()
    told: asyncio.Queue[tuple[bool, bool]] = asyncio.Queue()
    poller.add(ours.fileno(), lambda readable, writable: told.put_nowait((readable, writable)))
    theirs.send(b"x")
    assert await told.get() == (True, False)
    ours.recv(1)
    poller.watch(ours.fileno(), False, True)
    assert await told.get() == (False, True)
    theirs.close()
    poller.watch(ours.fileno(), False, False)
    while not told.empty():
        told.get_nowait()
    assert await told.get() == (True, True)  # broken
    poller.remove(ours.fileno())
    poller.close()
    ours.close()


async def test_who_was_closed_in_the_same_round_is_not_called() -> None:
    poller = Poller(asyncio.get_running_loop())
    pairs = [socket.socketpair() for _ in range(2)]
    called: list[int] = []

    def remove_all(which: int) -> None:
        called.append(which)
        for ours, _ in pairs:
            poller.remove(ours.fileno())

    for number, (ours, _) in enumerate(pairs):
        poller.add(ours.fileno(), lambda *_, which=number: remove_all(which))
    for _, theirs in pairs:
        theirs.send(b"x")
    await asyncio.sleep(0)
    await asyncio.sleep(0.01)  # a second round would call the other
    assert len(called) == 1
    poller.close()
    for pair in pairs:
        for end in pair:
            end.close()
