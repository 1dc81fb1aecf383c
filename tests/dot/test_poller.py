import asyncio
import logging
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from app.dot.poller import BROKEN, READABLE, WRITABLE, Poller, running_poller

pytestmark = pytest.mark.anyio


@contextmanager
def pairs(count: int) -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    made = [socket.socketpair() for _ in range(count)]
    yield made
    for pair in made:
        for end in pair:
            end.close()


async def test_tells_who_is_readable_who_is_writable_and_who_is_broken() -> None:
    poller = running_poller()
    told: asyncio.Queue[int] = asyncio.Queue()
    with pairs(1) as [(ours, theirs)]:
        poller.add(ours.fileno(), told.put_nowait)
        theirs.send(b"x")
        assert await told.get() & READABLE
        ours.recv(1)
        poller.watch(ours.fileno(), reading=False, writing=True)
        assert await told.get() == WRITABLE
        theirs.close()
        poller.watch(ours.fileno(), reading=False, writing=False)
        while not told.empty():
            told.get_nowait()
        assert await told.get() & BROKEN
        poller.remove(ours.fileno())


async def test_who_was_closed_in_the_same_round_is_not_called() -> None:
    poller = running_poller()
    called: list[int] = []
    with pairs(2) as both:

        def remove_all(which: int, _events: int) -> None:
            called.append(which)
            for ours, _ in both:
                poller.remove(ours.fileno())
                ours.close()

        for number, (ours, _peer) in enumerate(both):
            poller.add(ours.fileno(), partial(remove_all, number))
        for _, theirs in both:
            theirs.send(b"x")
        await asyncio.sleep(0.01)  # a second round would call the other
    assert len(called) == 1


async def test_a_newcomer_does_not_get_what_was_meant_for_the_one_before_with_its_number() -> None:
    poller = running_poller()
    called: list[str] = []
    with pairs(2) as both, pairs(1) as [(newcomer, _)]:
        numbers = [ours.fileno() for ours, _ in both]

        def replace_the_other(which: int, _events: int) -> None:
            called.append("before")
            other = numbers[1 - which]
            poller.remove(other)
            both[1 - which][0].close()
            taken = newcomer.detach()
            os.dup2(taken, other)
            os.close(taken)
            poller.add(other, lambda _: called.append("newcomer"))
            poller.remove(numbers[which])
            both[which][0].close()

        for number, (ours, _peer) in enumerate(both):
            poller.add(ours.fileno(), partial(replace_the_other, number))
        for _, theirs in both:
            theirs.send(b"x")
        await asyncio.sleep(0.01)
    assert called == ["before"]


async def test_a_fault_with_one_is_logged_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    poller = running_poller()
    told = asyncio.Event()
    with pairs(2) as [(first, peer_of_first), (second, peer_of_second)]:

        def fail(_: int) -> None:
            poller.remove(first.fileno())
            first.close()
            raise ZeroDivisionError

        poller.add(first.fileno(), fail)
        poller.add(second.fileno(), lambda _: told.set())
        with caplog.at_level(logging.ERROR):
            peer_of_first.send(b"x")
            peer_of_second.send(b"x")
            async with asyncio.timeout(10):
                await told.wait()
        poller.remove(second.fileno())
    assert "ZeroDivisionError" in caplog.text


async def test_does_for_the_loop_what_a_selector_does() -> None:
    loop = asyncio.get_running_loop()
    with pairs(1) as [(ours, theirs)]:
        ours.setblocking(False)
        theirs.setblocking(False)
        await loop.sock_sendall(ours, b"question")
        assert await loop.sock_recv(theirs, 100) == b"question"
        waiting = loop.create_task(loop.sock_recv(ours, 100))
        await asyncio.sleep(0)
        await loop.sock_sendall(theirs, b"answer")
        assert await waiting == b"answer"
        writable, readable = asyncio.Event(), asyncio.Event()
        loop.add_writer(ours, writable.set)
        loop.add_reader(ours, readable.set)
        async with asyncio.timeout(10):
            await writable.wait()
        assert not readable.is_set()
        loop.remove_writer(ours)
        theirs.close()
        async with asyncio.timeout(10):
            await readable.wait()
        assert loop.remove_reader(ours)
        assert not loop.remove_reader(ours)


async def test_a_reader_that_was_removed_does_not_stand_in_the_way_of_the_next_socket_with_its_number() -> None:
    """Which asyncio itself watches by its number."""
    loop = asyncio.get_running_loop()
    with pairs(1) as [(ours, theirs)]:
        loop.add_reader(ours, lambda: None)
        number = ours.fileno()
        loop.remove_reader(ours)
        ours.close()
        os.dup2(theirs.fileno(), number)
        with socket.socket(fileno=number) as newcomer:
            readable = asyncio.Event()
            loop.add_reader(newcomer.fileno(), readable.set)
            async with asyncio.timeout(10):
                await readable.wait()  # the other end is closed
            loop.remove_reader(newcomer.fileno())


async def test_runs_subprocesses_and_timers() -> None:
    process = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    async with asyncio.timeout(10):
        assert (await process.communicate(b"through"))[0] == b"through"


def test_closing_a_socket_before_unregistering_it_does_no_harm() -> None:
    poller = Poller()
    ours, theirs = socket.socketpair()
    poller.register(ours, select.POLLIN)
    key = poller.get_key(ours)
    assert dict(poller.get_map()) == {ours.fileno(): key}
    assert poller.get_map().get(ours) == poller.get_map().get(ours.fileno()) == key
    assert poller.get_map().get(theirs) is None
    ours.close()
    assert poller.unregister(key.fd) == key
    assert not poller.get_map()
    theirs.close()
    poller.close()


def test_another_event_loop_is_refused_with_the_name_of_the_right_one() -> None:
    async def ask() -> None:
        running_poller()

    with pytest.raises(RuntimeError, match=r"app\.dot\.poller\.Loop"):
        asyncio.run(ask())
