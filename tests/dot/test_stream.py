import asyncio
import socket
import weakref
from time import monotonic

import pytest

from app.dot.poller import running_poller
from app.dot.stream import Stream

pytestmark = pytest.mark.anyio


class Events:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.data = b""
        self.told: list[str] = []
        self.something = asyncio.Event()

    def _note(self, what: str) -> None:
        self.told.append(what)
        self.something.set()

    def data_received(self, data: memoryview) -> None:
        self.data += data
        self._note("received")

    def eof_received(self) -> None:
        self._note("peer finished")

    def drained(self) -> None:
        self._note("drained")

    def connection_lost(self, *, reset: bool) -> None:
        self._note("reset" if reset else "ended")

    async def until(self, what: str) -> None:
        async with asyncio.timeout(10):
            while what not in self.told:
                self.something.clear()
                await self.something.wait()


def pair() -> tuple[Stream, Events, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(10)
    events = Events()
    return Stream(ours, events, memoryview(bytearray(1000)), running_poller()), events, theirs


async def test_octets_go_both_ways() -> None:
    stream, events, peer = pair()
    peer.sendall(b"question")
    await events.until("received")
    assert events.data == b"question"
    stream.write(b"answer")
    assert peer.recv(100) == b"answer"
    stream.abort()
    peer.close()


async def test_what_the_kernel_does_not_take_at_once_is_sent_later() -> None:
    stream, events, peer = pair()
    sent = bytes(range(256)) * 8000
    stream.write(sent)
    stream.write(b"end")
    assert stream.unsent

    def read_all() -> bytes:
        received = b""
        while len(received) < len(sent) + 3:
            received += peer.recv(65536)
        return received

    assert await asyncio.to_thread(read_all) == sent + b"end"
    await events.until("drained")
    assert not stream.unsent
    stream.abort()
    peer.close()


async def test_close_sends_what_is_unsent_first() -> None:
    stream, events, peer = pair()
    sent = bytes(1_000_000)
    stream.write(sent)
    stream.close()
    stream.write(b"too late")
    stream.resume_reading()
    assert not stream.reading

    def read_all() -> int:
        total = 0
        while chunk := peer.recv(65536):
            total += len(chunk)
        return total

    assert await asyncio.to_thread(read_all) == len(sent)
    await events.until("ended")
    peer.close()


async def test_last_words_wait_for_the_peer_to_close_and_what_it_still_sends_is_read() -> None:
    stream, _, peer = pair()
    sent = bytes(1_000_000)
    stream.write(sent)
    stream.linger()
    stream.linger()

    def send_and_read_all() -> int:
        peer.sendall(bytes(2_000_000))
        total = 0
        while chunk := peer.recv(65536):
            total += len(chunk)
        return total

    assert await asyncio.to_thread(send_and_read_all) == len(sent)
    assert stream.lingering
    peer.close()
    async with asyncio.timeout(10):
        while not stream.closed:
            await asyncio.sleep(0.01)  # it ends as closed or as reset: nobody reads any more either way


async def test_a_peer_that_does_not_close_is_left_by_closing_again() -> None:
    stream, events, peer = pair()
    stream.linger()
    assert await asyncio.to_thread(peer.recv, 1) == b""
    assert events.told == []
    stream.close()
    await events.until("ended")
    peer.close()


async def test_what_comes_after_the_end_is_not_read() -> None:
    stream, events, peer = pair()
    peer.sendall(b"question")
    stream.close()
    await events.until("ended")
    assert events.told == ["ended"]
    peer.close()


async def test_abort_ends_at_once_and_only_once() -> None:
    stream, events, peer = pair()
    stream.write(bytes(1_000_000))
    stream.abort()
    stream.abort()
    stream.close()
    stream.pause_reading()
    stream.resume_reading()
    assert events.told == ["ended"]
    peer.close()


async def test_a_peer_that_half_closes_can_still_be_answered() -> None:
    stream, events, peer = pair()
    peer.shutdown(socket.SHUT_WR)
    await events.until("peer finished")
    stream.write(b"answer")
    stream.close()
    assert peer.recv(100) == b"answer"
    assert await asyncio.to_thread(peer.recv, 100) == b""
    await events.until("ended")
    peer.close()


async def test_a_peer_that_is_gone_ends_the_stream() -> None:
    stream, events, peer = pair()
    peer.close()
    stream.write(b"answer")
    assert stream.closing
    await events.until("reset")
    assert stream.closed


async def test_nothing_is_read_while_reading_is_paused() -> None:
    stream, events, peer = pair()
    stream.pause_reading()
    peer.sendall(b"question")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert events.told == []
    assert running_poller()._epoll.poll(0) == []  # or the loop would turn and turn
    stream.resume_reading()
    await events.until("received")
    stream.abort()
    peer.close()


async def test_a_fault_of_the_owner_costs_this_connection_and_does_not_come_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stream, events, peer = pair()

    def fail(data: memoryview) -> None:
        raise ZeroDivisionError

    events.data_received = fail  # type: ignore[method-assign]
    peer.sendall(b"question")
    await events.until("ended")
    await asyncio.sleep(0.02)  # rounds in which it would come back
    assert stream.closed
    assert caplog.text.count("costs one connection") == 1
    peer.close()


async def test_a_fault_in_what_was_put_off_costs_this_connection(caplog: pytest.LogCaptureFixture) -> None:
    stream, events, peer = pair()

    def fail() -> None:
        raise ZeroDivisionError

    stream.call_soon(fail)
    await events.until("ended")
    assert stream.closed
    assert caplog.text.count("costs one connection") == 1
    peer.close()


async def test_what_the_kernel_does_not_take_at_once_is_kept_whole() -> None:
    stream, events, peer = pair()
    with pytest.raises(BlockingIOError):
        while True:
            stream._socket.send(bytes(65536))
    before_s = monotonic()
    stream.write(b"answer")
    assert stream.unsent == b"answer"
    assert stream.progress_s >= before_s
    read_s = monotonic()
    received = b""
    async with asyncio.timeout(10):
        while not received.endswith(b"answer"):
            received += await asyncio.to_thread(peer.recv, 1 << 20)
        await events.until("drained")
    assert stream.progress_s >= read_s
    assert running_poller()._epoll.poll(0) == []  # there is always room to write, of which nobody wants to know
    stream.abort()
    peer.close()


async def test_what_is_sent_at_once_is_not_told() -> None:
    stream, events, peer = pair()
    stream.write(b"answer")
    peer.sendall(b"question")
    await events.until("received")
    assert events.told == ["received"]
    stream.abort()
    peer.close()


async def test_the_end_of_the_peer_is_told_once() -> None:
    stream, events, peer = pair()
    peer.shutdown(socket.SHUT_WR)
    await events.until("peer finished")
    assert running_poller()._epoll.poll(0) == []
    stream.abort()
    peer.close()


async def test_after_its_end_a_stream_holds_nothing() -> None:
    stream, events, peer = pair()
    stream.write(bytes(1_000_000))
    assert stream.unsent
    stream.abort()
    owner = weakref.ref(events)
    del events
    assert owner() is None
    assert stream.unsent == b""
    peer.close()
