"""One connection at a time, against the real server on loopback with an answerer that knows no DNS."""

import asyncio
import math
import socket
import ssl
import struct
import time
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.dot.connection import Connection
from app.dot.counters import Count
from app.dot.protocol import CLOSED, HANDSHAKE
from tests.dot.serving import Serving, serving
from tests.fakes.dot_client import DotClient, unverified_context

pytestmark = pytest.mark.anyio


async def test_c3_the_stream_of_answers_is_lengths_and_messages_and_nothing_else(pair: Path) -> None:
    sent = [bytes([size % 256]) * size for size in (12, 255, 256, 257, 511, 512, 4096, 16383, 16384, 16385, 65535)]
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(*sent)
        expected = b"".join(len(message).to_bytes(2, "big") + message for message in sent)
        async with asyncio.timeout(10):
            assert await client.reader.readexactly(len(expected)) == expected
        await house.server.stop()
        assert await client.ended() == b""


@pytest.mark.parametrize("at", [1, 2, 3, 6])
async def test_c5_a_message_is_waited_for_wherever_it_is_cut(pair: Path, at: int) -> None:
    stream = b"\0\5hello"
    async with serving(pair) as house, DotClient(house.port) as client:
        client.writer.write(stream[:at])
        (connection,) = house.server._admission.connections()
        while connection.protocol.state is HANDSHAKE or connection.deadline_s == math.inf:
            await asyncio.sleep(0.01)  # until the server has read the first part by itself
        client.writer.write(stream[at:])
        assert await client.receive() == b"hello"


async def test_c5_a_message_that_comes_octet_by_octet_is_answered(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        for octet in b"\0\5hello":
            client.writer.write(bytes([octet]))
            await client.writer.drain()
        assert await client.receive() == b"hello"


async def test_c8_a_hundred_round_trips_on_one_connection(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        for number in range(100):
            client.send(b"%d" % number)
            assert await client.receive() == b"%d" % number


async def test_c11_of_a_client_that_left_before_its_answer_no_tls_is_kept(pair: Path) -> None:
    async with serving(pair) as house:
        async with DotClient(house.port) as client:
            client.send(b"slow")
            await house.answerer.somebody_waits.wait()
            (connection,) = house.server._admission.connections()
            tls = weakref.ref(connection.protocol.session._tls)  # type: ignore[attr-defined]
        async with asyncio.timeout(10):
            while house.occupancy.connections:
                await asyncio.sleep(0.01)  # until the server has noticed
        assert connection._queue.unfinished == 1
        assert tls() is None


async def test_who_lingers_after_an_alert_makes_room_at_once_for_who_comes(pair: Path) -> None:
    async with serving(pair, connections=1) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(b"GET / HTTP/1.1\r\n")
        assert await reader.read() == bytes.fromhex("1503030002020a")
        assert house.occupancy.connections == 1
        async with DotClient(house.port) as client:
            client.send(b"hello")
            assert await client.receive() == b"hello"
            assert house.occupancy.connections == 1
        writer.close()


async def test_who_does_not_close_after_an_alert_holds_its_place_for_about_a_second(pair: Path) -> None:
    async with serving(pair) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(b"GET / HTTP/1.1\r\n")
        assert await reader.read() == bytes.fromhex("1503030002020a")
        begun_s = time.monotonic()
        async with asyncio.timeout(10):
            while house.occupancy.connections:
                await asyncio.sleep(0.01)  # until the server has left
        assert 0.7 < time.monotonic() - begun_s < 1.95
        writer.close()


async def test_c9_an_idle_connection_is_closed_at_its_time_and_not_before(pair: Path) -> None:
    async with serving(pair, idle_timeout_s=1) as house, DotClient(house.port) as client:
        client.send(b"hello")
        assert await client.receive() == b"hello"
        begun_s = time.monotonic()
        assert await client.ended() == b""
        assert 0.9 < time.monotonic() - begun_s < 4


async def test_c9_every_query_begins_the_idle_time_anew(pair: Path) -> None:
    async with serving(pair, idle_timeout_s=1.5) as house, DotClient(house.port) as client:
        begun_s = time.monotonic()
        while time.monotonic() - begun_s < 3:
            client.send(b"hello")
            assert await client.receive() == b"hello"
            await asyncio.sleep(0.3)  # idle, but not for long


async def test_c9_idle_connections_have_less_time_when_places_are_short(pair: Path) -> None:
    async with serving(pair, connections=4, idle_timeout_s=5) as house, DotClient(house.port) as first:
        first.send(b"hello")
        assert await first.receive() == b"hello"
        begun_s = time.monotonic()
        async with DotClient(house.port), DotClient(house.port), DotClient(house.port):
            assert await first.ended() == b""
        assert time.monotonic() - begun_s < 4  # a tenth of it, where a quarter of the places or less are free


async def test_c9_a_connection_that_waits_for_an_answer_is_not_idle(pair: Path) -> None:
    async with serving(pair, idle_timeout_s=0.1) as house, DotClient(house.port) as client:
        client.send(b"slow")
        await house.answerer.somebody_waits.wait()
        await asyncio.sleep(0.6)  # the time in which it must not end
        house.answerer.release()
        assert await client.receive() == b"slow"


async def test_c11_a_client_that_leaves_before_its_answers_costs_nothing(pair: Path) -> None:
    async with serving(pair) as house:
        async with DotClient(house.port) as client:
            client.send(*[b"slow"] * 50)
            await house.answerer.somebody_waits.wait()
        house.answerer.release()
        async with DotClient(house.port) as client:
            client.send(b"hello")
            assert await client.receive() == b"hello"


async def test_c12_what_was_asked_before_the_client_closed_is_answered(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(b"slow")
        await house.answerer.somebody_waits.wait()
        raw: socket.socket = client.writer.get_extra_info("socket")
        raw.shutdown(socket.SHUT_WR)
        await asyncio.sleep(0.05)  # the end of the stream has no event of its own to wait for
        house.answerer.release()
        assert await client.receive() == b"slow"


class ByHand:
    """A TLS client that decides itself what leaves together."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = unverified_context().wrap_bio(self._incoming, self._outgoing, server_hostname="dns.home.arpa")

    async def until_done(self, step: Callable[[], object]) -> object:
        async with asyncio.timeout(10):
            while True:
                try:
                    done = step()
                except ssl.SSLWantReadError:
                    await self.flush()
                    received = await asyncio.get_running_loop().sock_recv(self._raw, 65536)
                    if not received:
                        raise EOFError("it ended without close_notify") from None
                    self._incoming.write(received)
                    continue
                await self.flush()
                return done

    def say_goodbye(self) -> None:
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.unwrap()  # makes close_notify, and would wait for the server's

    async def flush(self) -> None:
        await asyncio.get_running_loop().sock_sendall(self._raw, self._outgoing.read())


@asynccontextmanager
async def by_hand(port: int, receive_octets: int = 1 << 20) -> AsyncIterator[ByHand]:
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_octets)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
        client = ByHand(raw)
        await client.until_done(client.tls.do_handshake)
        yield client


async def test_c10_idle_connection_is_closed_orderly(pair: Path) -> None:
    async with serving(pair, idle_timeout_s=0.1) as house, by_hand(house.port) as client:
        await client.until_done(lambda: client.tls.write(b"\0\5hello"))
        assert await client.until_done(lambda: client.tls.read(100)) == b"\0\5hello"
        assert await client.until_done(lambda: client.tls.read(100)) == b""  # close_notify


async def test_c12_what_was_asked_before_close_notify_is_answered(pair: Path) -> None:
    async with serving(pair) as house, by_hand(house.port) as client:
        await client.until_done(lambda: client.tls.write(b"\0\4slow"))
        await house.answerer.somebody_waits.wait()
        client.say_goodbye()
        await client.flush()
        (connection,) = house.server._admission.connections()
        while not connection.protocol.session.peer_closed:
            await asyncio.sleep(0.01)  # until the server has read it
        house.answerer.release()
        assert await client.until_done(lambda: client.tls.read(100)) == b"\0\4slow"


async def test_c14_a_client_that_says_goodbye_and_never_reads_its_answers_is_ended(pair: Path) -> None:
    async with (
        serving(pair, queries_per_connection=1, write_timeout_s=0.5) as house,
        by_hand(house.port, receive_octets=4096) as client,
    ):
        client.tls.write(b"\0\4slow" + (b"\xea\x60" + bytes(60_000)) * 150)
        client.say_goodbye()
        sent = asyncio.create_task(client.flush())
        await house.answerer.somebody_waits.wait()
        house.answerer.release()
        async with asyncio.timeout(10):
            while house.occupancy.connections:
                await asyncio.sleep(0.01)  # until the server has noticed
        sent.cancel()
        assert house.counted(Count.LEFT_UNREAD) == 1


async def test_c14_a_message_whose_rest_we_leave_in_the_kernel_is_not_late(pair: Path) -> None:
    async with serving(pair, queries_per_connection=1, message_timeout_s=0.5) as house, DotClient(house.port) as client:
        client.writer.write(b"\0\4slow\0\5he")
        await house.answerer.somebody_waits.wait()
        await asyncio.sleep(1)  # twice the time that a client may take
        released_s = time.monotonic()
        house.answerer.release()
        assert await client.receive() == b"slow"
        (connection,) = house.server._admission.connections()
        assert connection.deadline_s >= released_s + 0.5
        client.writer.write(b"llo")
        assert await client.receive() == b"hello"


async def test_c14_an_answer_that_got_lost_does_not_hold_its_connection_for_ever(pair: Path) -> None:
    async with serving(pair, answer_timeout_s=0.3) as house, DotClient(house.port) as client:
        client.send(b"slow")
        assert await client.ended() == b""
        assert house.counted(Count.TIMED_OUT) == 1


async def test_c14_a_handshake_that_takes_too_long_is_ended(pair: Path) -> None:
    async with serving(pair, first_byte_timeout_s=60, handshake_timeout_s=0.1) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(b"\x16\3\1")
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_c14_an_unfinished_message_is_not_kept_alive_by_more_octets(pair: Path) -> None:
    async with serving(pair, message_timeout_s=0.3) as house, DotClient(house.port) as client:
        client.writer.write(b"\xff\xff")
        async with asyncio.timeout(10):
            while not client.reader.at_eof():
                client.writer.write(b"x")
                await asyncio.sleep(0.02)  # the drip itself


async def test_c14_a_client_that_never_reads_is_dropped_and_costs_little(pair: Path) -> None:
    async with serving(pair, write_timeout_s=0.2) as house:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)  # or the kernel would read megabytes for it
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", house.port))
        _, writer = await asyncio.open_connection(
            sock=raw, ssl=unverified_context(), server_hostname="dns.home.arpa", limit=1024
        )
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises((ConnectionError, TimeoutError)):
            async with asyncio.timeout(10):
                while True:
                    writer.write(b"\xea\x60" + bytes(60_000))
                    await writer.drain()
        assert house.counted(Count.LEFT_UNREAD) == 1
        assert len(house.answerer.seen) < 20  # 1.2 MB at most, by far the most of it in the kernel
        writer.transport.abort()


async def until_unread(house: Serving, client: DotClient, *queries: bytes) -> Connection:
    """Has `client` leave so many answers unread that the kernel takes no more of them."""
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    client.send(*queries or [b"large"] * 300)  # 18 MB of answers, more than a kernel takes
    (connection,) = house.server._admission.connections()
    async with asyncio.timeout(10):
        while not connection.unsent_bytes or time.monotonic() - connection.stream.progress_s < 0.3:
            await asyncio.sleep(0.01)  # until the kernel takes no more
    return connection


async def time_is_up(house: Serving, connection: Connection) -> None:
    """As if nothing had been read since the machine began, until the server has noticed."""
    async with asyncio.timeout(10):
        while house.occupancy.connections:
            connection.stream.progress_s = connection.deadline_s = 0.0  # again: the kernel may have taken some more
            await asyncio.sleep(0.01)


async def test_c14_who_has_read_some_of_it_since_its_deadline_was_set_goes_on(pair: Path) -> None:
    async with serving(pair, write_timeout_s=60) as house, DotClient(house.port) as client:
        connection = await until_unread(house, client)
        connection.stream.progress_s = time.monotonic() - 59
        connection.expire()
        assert not connection.stream.closed
        assert connection.deadline_s == connection.stream.progress_s + 60
        connection.stream.progress_s -= 1
        connection.expire()
        assert connection.stream.closed


async def test_c14_who_is_closed_and_never_reads_the_rest_is_ended_for_the_first_reason(pair: Path) -> None:
    async with serving(pair, write_timeout_s=60) as house, DotClient(house.port, own="127.0.0.9") as client:
        connection = await until_unread(house, client)
        begun_s = time.monotonic()
        connection.close("made room")
        assert not connection.leaving
        assert begun_s + 60 <= connection.deadline_s <= time.monotonic() + 60
        await time_is_up(house, connection)
        assert house.counted(Count.LEFT_UNREAD) == 1
        assert house.counted(Count.TIMED_OUT) == 0
    assert house.log[-1].rstrip().endswith(": made room")


async def test_c14_who_does_not_read_is_ended_for_that_reason(pair: Path) -> None:
    async with serving(pair, write_timeout_s=60) as house, DotClient(house.port, own="127.0.0.9") as client:
        await time_is_up(house, await until_unread(house, client))
    assert house.log[-1].rstrip().endswith(": does not read its answers")


async def test_c14_who_asks_for_much_at_once_has_it_made_as_it_reads(pair: Path) -> None:
    async with serving(pair, write_timeout_s=60, queries_per_turn=1000) as house, DotClient(house.port) as client:
        asked = [b"large %d" % number for number in range(300)]  # 18 MB of answers, more than a kernel takes
        connection = await until_unread(house, client, *asked)
        assert connection.unsent_bytes < 200_000
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        for query in asked:
            assert (await client.receive()).startswith(query + b"\0")


@pytest.mark.parametrize("message", [b"", b"x", b"elevenbytes", bytes(65535)])
async def test_c15_messages_of_any_length_reach_the_answerer_whole(pair: Path, message: bytes) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(message, b"next")
        assert await client.receive() == message
        assert await client.receive() == b"next"


async def test_c14_a_client_that_says_nothing_is_ended_before_the_handshake_deadline(pair: Path) -> None:
    async with serving(pair, first_byte_timeout_s=0.1, handshake_timeout_s=60) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()
        assert house.counted(Count.TIMED_OUT) == 1
        assert house.counted(Count.HANDSHAKES_FAILED) == 1


async def test_c14_a_handshake_has_all_its_time_from_the_first_octet_on(pair: Path) -> None:
    async with serving(pair, first_byte_timeout_s=60, handshake_timeout_s=30) as house:
        _, writer = await asyncio.open_connection("127.0.0.1", house.port)
        async with asyncio.timeout(10):
            while not house.server._admission.connections():
                await asyncio.sleep(0.01)  # until the server has accepted it
            (connection,) = house.server._admission.connections()
            assert connection.deadline_s == connection.started_s + 60
            writer.write(b"\x16\3\1")
            while connection.deadline_s == connection.started_s + 60:
                await asyncio.sleep(0.01)  # until the server has read it
        assert connection.deadline_s == connection.started_s + 30
        writer.close()


async def test_c14_an_unfinished_message_has_all_its_time(pair: Path) -> None:
    async with serving(pair, message_timeout_s=5) as house, DotClient(house.port) as client:
        client.writer.write(b"\0\5he")
        (connection,) = house.server._admission.connections()
        begun_s = time.monotonic()
        async with asyncio.timeout(10):
            while not connection.protocol.partial:
                await asyncio.sleep(0.01)  # until the server has read it
        assert begun_s + 5 <= connection.deadline_s <= time.monotonic() + 5
        client.writer.write(b"l")
        await asyncio.sleep(0.6)  # two looks at the clock
        client.writer.write(b"lo")
        assert await client.receive() == b"hello"


async def test_c14_who_waits_for_room_costs_no_time(pair: Path) -> None:
    async with serving(pair, queries_per_connection=1) as house, DotClient(house.port) as client:
        client.send(b"slow", b"next")
        await house.answerer.somebody_waits.wait()
        (connection,) = house.server._admission.connections()
        assert connection._queue.waiting == [b"next"]
        assert not connection._is_flush_due
        house.answerer.release()
        assert [await client.receive(), await client.receive()] == [b"slow", b"next"]


async def test_who_is_closed_already_need_not_make_room(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(b"hello")
        assert await client.receive() == b"hello"
        (connection,) = house.server._admission.connections()
        assert not connection.leaving
        connection.close("made room")
        assert connection.leaving


async def test_what_is_closed_stays_closed_and_keeps_its_reason(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port, own="127.0.0.9") as client:
        client.send(b"hello")
        assert await client.receive() == b"hello"
        (connection,) = house.server._admission.connections()
        connection.close("first")
        connection.close("second")
        connection.drain("third")
        assert connection.protocol.state is CLOSED
        assert await client.ended() == b""
    assert "".join(house.log).splitlines()[1].endswith("1 queries: first")


async def test_c14_the_first_octet_has_all_its_time(pair: Path) -> None:
    async with serving(pair, first_byte_timeout_s=7) as house:
        _, writer = await asyncio.open_connection("127.0.0.1", house.port)
        async with asyncio.timeout(10):
            while not house.occupancy.connections:
                await asyncio.sleep(0.01)  # until it is accepted
        (connection,) = house.server._admission.connections()
        assert connection.deadline_s == connection.started_s + 7
        writer.close()


async def test_queries_that_come_while_the_server_stops_are_answered_too(pair: Path) -> None:
    """A dead name keeps the connection open, and hot names do not wait for it."""
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(b"slow")
        await house.answerer.somebody_waits.wait()
        stopping = asyncio.create_task(house.server.stop())
        await asyncio.sleep(0)
        for late in (b"one", b"two"):
            client.send(late)
            assert await client.receive() == late
        house.answerer.release()
        assert await client.receive() == b"slow"
        assert await client.ended() == b""
        await stopping


async def test_c11_of_queries_that_nobody_waits_for_any_more_none_is_kept(pair: Path) -> None:
    async with serving(pair, queries_per_connection=1) as house:
        async with DotClient(house.port) as client:
            client.send(b"slow", b"one", b"two")
            await house.answerer.somebody_waits.wait()
            (connection,) = house.server._admission.connections()
        async with asyncio.timeout(10):
            while house.occupancy.connections:
                await asyncio.sleep(0.01)  # until the server has noticed
        assert connection._queue.waiting == []


def leave(client: DotClient) -> None:
    client.writer.transport.abort()


def say_goodbye(client: DotClient) -> None:
    client.writer.close()


def reset(client: DotClient) -> None:
    raw: socket.socket = client.writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.writer.transport.abort()


def meet_a_fault(client: DotClient) -> None:
    client.send(b"broken")


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (leave, "the client closed"),
        (say_goodbye, "the client closed"),
        (reset, "reset by the client"),
        (meet_a_fault, "a fault of Homedot's own"),
    ],
)
async def test_the_log_says_why_a_connection_ended(pair: Path, end: Callable[[DotClient], None], why: str) -> None:
    async with serving(pair) as house, DotClient(house.port, own="127.0.0.9") as client:
        client.send(b"hello")
        assert await client.receive() == b"hello"
        end(client)
        async with asyncio.timeout(10):
            while house.occupancy.connections:
                await asyncio.sleep(0.01)  # until the server has noticed
    assert "".join(house.log).splitlines()[1].endswith(f"queries: {why}")


async def test_c14_a_hello_that_drips_does_not_prolong_the_handshake(pair: Path) -> None:
    async with serving(pair, handshake_timeout_s=0.5) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(b"\x16\x03\x01\x40\x00")  # a record of 16 KiB, as long as this test could ever drip
        async with asyncio.timeout(5):
            while not house.counted(Count.TIMED_OUT):
                writer.write(b"x")
                await asyncio.sleep(0.02)  # the drip itself
            assert await reader.read() == b""
        writer.close()
        assert house.counted(Count.HANDSHAKES_FAILED) == 1


async def test_c13_who_has_all_its_answers_is_read_again(pair: Path) -> None:
    async with serving(pair, queries_per_connection=1) as house, DotClient(house.port) as client:
        for query in (b"slow 1", b"slow 2", b"slow 3"):
            client.send(query)
            await house.answerer.somebody_waits.wait()
            (connection,) = house.server._admission.connections()
            assert not connection.stream.reading
            house.answerer.somebody_waits.clear()
            house.answerer.release()
            assert await client.receive() == query


async def test_c13_who_has_room_for_one_more_query_is_read_again(pair: Path) -> None:
    async with serving(pair, queries_per_connection=2) as house, DotClient(house.port) as client:
        client.send(b"slow 1", b"slow 2")
        await house.answerer.somebody_waits.wait()
        client.send(b"fast")  # stays in the kernel
        held = house.answerer.waiting[:1]
        del house.answerer.waiting[:1]
        house.answerer.release()
        assert await client.receive() == b"slow 2"
        assert await client.receive() == b"fast"
        house.answerer.waiting = held
        house.answerer.release()
        assert await client.receive() == b"slow 1"


async def test_c14_a_client_that_does_not_read_is_not_read_until_it_does(pair: Path) -> None:
    async with serving(pair, write_timeout_s=60) as house, DotClient(house.port) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        sent = [bytes([number]) * 60_000 for number in range(100)]
        client.send(*sent)
        (connection,) = house.server._admission.connections()
        async with asyncio.timeout(10):
            while not connection.unsent_bytes:
                await asyncio.sleep(0.01)  # until the kernel takes no more
        assert not connection.stream.reading
        assert connection.progress_s == connection.stream.progress_s
        assert connection.deadline_s == connection.stream.progress_s + 60
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert [await client.receive() for _ in sent] == sent
        client.send(b"hello")
        assert await client.receive() == b"hello"
        assert connection.stream.reading
        assert connection.deadline_s == math.inf


async def test_c14_answers_do_not_prolong_the_deadline_of_an_unfinished_message(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(b"slow")
        client.writer.write(b"\0\x05hel")
        await house.answerer.somebody_waits.wait()
        (connection,) = house.server._admission.connections()
        before_s = connection.deadline_s
        house.answerer.release()
        assert await client.receive() == b"slow"
        assert connection.deadline_s == before_s


async def test_queries_and_handshakes_are_counted(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(b"one", b"two")
        await client.receive()
        await client.receive()
        async with asyncio.timeout(10):
            while house.counted(Count.QUERIES) < 2:
                await asyncio.sleep(0.01)  # they are counted now and then
        assert house.counted(Count.HANDSHAKES_FULL) == 1
        assert house.counted(Count.ACCEPTED) == 1
        assert house.occupancy.connections == 1


async def test_one_line_when_it_opens_and_one_when_it_closes(pair: Path) -> None:
    async with serving(pair) as house:
        async with DotClient(house.port, own="127.0.0.9") as client:
            client.send(b"hello")
            await client.receive()
            port = client.writer.get_extra_info("sockname")[1]
        while house.occupancy.connections:
            await asyncio.sleep(0.01)  # until the server has noticed
    lines = "".join(house.log).splitlines()
    assert lines[0] == f"127.0.0.9 port {port} opened: TLSv1.3, ALPN dot, new session"
    assert lines[1].startswith(f"127.0.0.9 port {port} closed after 0.")
    assert lines[1].endswith("1 queries: the client closed")
    assert len(lines) == 2


async def test_the_health_check_does_not_bury_the_others_lines(pair: Path) -> None:
    async with serving(pair) as house:
        async with DotClient(house.port) as client:
            client.send(b"hello")
            await client.receive()
        while house.occupancy.connections:
            await asyncio.sleep(0.01)  # until the server has noticed
    assert house.log == []


async def test_a_refused_alpn_is_counted_apart(pair: Path) -> None:
    context = unverified_context()
    context.set_alpn_protocols(["h2"])
    async with serving(pair) as house:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await DotClient(house.port, context=context).__aenter__()
        assert house.counted(Count.ALPN_REFUSED) == 1
        assert house.counted(Count.HANDSHAKES_FAILED) == 0


async def test_c14_a_client_that_reads_slowly_but_steadily_is_served(pair: Path) -> None:
    async with serving(pair, write_timeout_s=0.5) as house, DotClient(house.port) as client:
        count, message = 200, bytes(60_000)
        client.send(*[message] * count)
        received = 0
        begun_s = time.monotonic()
        async with asyncio.timeout(60):
            while received < count * (len(message) + 2):
                received += len(await client.reader.read(60_000))
                if time.monotonic() - begun_s < 1.5:
                    await asyncio.sleep(0.05)  # slower than it could
        assert time.monotonic() - begun_s > 1
