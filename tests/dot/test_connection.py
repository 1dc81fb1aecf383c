"""One connection at a time, against the real server on loopback with an answerer that knows no DNS."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.dot.admission import Limits
from app.dot.server import Server
from tests.fakes.answerer import EchoAnswerer
from tests.fakes.dot_client import DotClient

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def serving(pair: Path, limits: Limits | None = None) -> AsyncIterator[tuple[int, EchoAnswerer]]:
    answerer = EchoAnswerer()
    server = Server(0, pair, answerer, limits)
    port = await server.start()
    try:
        yield port, answerer
    finally:
        await server.stop(grace_s=0)


async def test_c6_answers_fifty_queries_that_come_in_one_write(pair: Path) -> None:
    async with serving(pair) as (port, _), DotClient(port) as client:
        sent = [b"query %d" % number for number in range(50)]
        client.send(*sent)
        assert [await client.receive() for _ in sent] == sent


async def test_c5_a_message_that_comes_octet_by_octet_is_answered(pair: Path) -> None:
    async with serving(pair) as (port, _), DotClient(port) as client:
        for octet in b"\0\5hello":
            client.writer.write(bytes([octet]))
            await client.writer.drain()
        assert await client.receive() == b"hello"


async def test_c7_a_slow_answer_does_not_hold_up_a_fast_one(pair: Path) -> None:
    async with serving(pair) as (port, answerer), DotClient(port) as client:
        client.send(b"slow", b"fast")
        assert await client.receive() == b"fast"
        answerer.release()
        assert await client.receive() == b"slow"


async def test_c8_a_hundred_round_trips_on_one_connection(pair: Path) -> None:
    async with serving(pair) as (port, _), DotClient(port) as client:
        for number in range(100):
            client.send(b"%d" % number)
            assert await client.receive() == b"%d" % number


async def test_c10_idle_connection_is_closed_orderly(pair: Path) -> None:
    async with serving(pair, Limits(idle_timeout_s=0.1)) as (port, _), DotClient(port) as client:
        client.send(b"hello")
        assert await client.receive() == b"hello"
        assert await client.ended() == b""  # without close_notify this is an SSL error


async def test_c11_a_client_that_leaves_before_its_answers_costs_nothing(pair: Path) -> None:
    async with serving(pair) as (port, answerer):
        async with DotClient(port) as client:
            client.send(*[b"slow"] * 50)
            await answerer.somebody_waits.wait()
        answerer.release()
        async with DotClient(port) as client:
            client.send(b"hello")
            assert await client.receive() == b"hello"


async def test_c12_what_was_asked_before_the_client_closed_is_answered(pair: Path) -> None:
    async with serving(pair) as (port, answerer), DotClient(port) as client:
        client.send(b"slow")
        await answerer.somebody_waits.wait()
        raw: socket.socket = client.writer.get_extra_info("socket")
        raw.shutdown(socket.SHUT_WR)
        await asyncio.sleep(0.05)  # the end of the stream has no event of its own to wait for
        answerer.release()
        assert await client.receive() == b"slow"


async def test_c14_a_handshake_that_takes_too_long_is_ended(pair: Path) -> None:
    async with serving(pair, Limits(handshake_timeout_s=0.1)) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x16\3\1")
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_c14_an_unfinished_message_is_not_kept_alive_by_more_octets(pair: Path) -> None:
    async with serving(pair, Limits(message_timeout_s=0.3)) as (port, _), DotClient(port) as client:
        client.writer.write(b"\xff\xff")
        async with asyncio.timeout(10):
            while not client.reader.at_eof():
                client.writer.write(b"x")
                await asyncio.sleep(0.02)  # the drip itself


async def test_c14_a_client_that_never_reads_is_dropped(pair: Path) -> None:
    async with serving(pair, Limits(write_timeout_s=0.2)) as (port, answerer), DotClient(port) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        big = bytes(60000)
        with pytest.raises((ConnectionError, TimeoutError)):
            async with asyncio.timeout(10):
                while True:
                    client.send(big)
                    await client.writer.drain()
        assert len(answerer.seen) < 1000


async def test_c13_reading_stops_at_the_limit_of_unfinished_queries_and_goes_on(pair: Path) -> None:
    limits = Limits(queries_per_connection=10)
    async with serving(pair, limits) as (port, answerer), DotClient(port) as client:
        sent = [b"slow %d" % number for number in range(35)]
        client.send(*sent)
        received: set[bytes] = set()
        while len(received) < len(sent):
            await answerer.somebody_waits.wait()
            answerer.somebody_waits.clear()
            assert len(answerer.waiting) <= 10
            expected = len(answerer.waiting)
            answerer.release()
            received |= {await client.receive() for _ in range(expected)}
        assert received == set(sent)


@pytest.mark.parametrize("message", [b"", b"x", b"elevenbytes", bytes(65535)])
async def test_c15_messages_of_any_length_reach_the_answerer_whole(pair: Path, message: bytes) -> None:
    async with serving(pair) as (port, _), DotClient(port) as client:
        client.send(message, b"next")
        assert await client.receive() == message
        assert await client.receive() == b"next"


async def test_c17_a_message_that_deserves_no_answer_gets_none_and_the_next_one_its_own(pair: Path) -> None:
    async with serving(pair) as (port, _), DotClient(port) as client:
        client.send(b"none")
        client.send(b"next")
        assert await client.receive() == b"next"


async def test_answers_that_come_together_leave_together(pair: Path) -> None:
    async with serving(pair) as (port, answerer), DotClient(port) as client:
        client.send(b"slow 1", b"slow 2", b"slow 3")
        await answerer.somebody_waits.wait()
        answerer.release()
        assert [await client.receive() for _ in range(3)] == [b"slow 3", b"slow 2", b"slow 1"]


async def test_tells_the_answerer_the_idle_time_that_applies(pair: Path) -> None:
    limits = Limits(connections=2, idle_timeout_s=60)
    async with serving(pair, limits) as (port, answerer), DotClient(port) as first:
        first.send(b"slow")
        await answerer.somebody_waits.wait()
        async with DotClient(port) as second:
            answerer.somebody_waits.clear()
            second.send(b"slow")
            await answerer.somebody_waits.wait()
    assert answerer.idle_timeouts_s == [30, 6]
