"""What happens to whole queries, against the real server on loopback with an answerer without DNS, and by itself."""

import asyncio
import socket
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.dot.contract import Answerer, TransportInfo
from app.dot.counters import Count, Counters
from app.dot.query_queue import QueryQueue
from app.errors import PeerError
from tests.dot.serving import LIMITS, serving
from tests.fakes.answerer import EchoAnswerer
from tests.fakes.dot_client import DotClient

pytestmark = pytest.mark.anyio


async def test_c6_answers_fifty_queries_that_come_in_one_write(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        sent = [b"query %d" % number for number in range(50)]
        client.send(*sent)
        assert [await client.receive() for _ in sent] == sent


async def test_c7_a_slow_answer_does_not_hold_up_a_fast_one(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(b"slow", b"fast")
        assert await client.receive() == b"fast"
        (asker,) = house.answerer.askers
        assert (asker.client, asker.how()["transport"]) == ("127.0.0.1", "tls")
        house.answerer.release()
        assert await client.receive() == b"slow"


async def test_c13_reading_stops_at_the_limit_of_unfinished_queries_and_goes_on(pair: Path) -> None:
    async with serving(pair, queries_per_connection=10) as house, DotClient(house.port) as client:
        sent = [b"slow %d" % number for number in range(35)]
        client.send(*sent)
        received: set[bytes] = set()
        while len(received) < len(sent):
            await house.answerer.somebody_waits.wait()
            house.answerer.somebody_waits.clear()
            assert len(house.answerer.waiting) <= 10
            expected = len(house.answerer.waiting)
            house.answerer.release()
            received |= {await client.receive() for _ in range(expected)}
        assert received == set(sent)


async def test_c17_a_message_that_deserves_no_answer_gets_none_and_the_next_one_its_own(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(b"none")
        client.send(b"next")
        assert await client.receive() == b"next"


async def test_answers_that_come_together_leave_together(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(b"slow 1", b"slow 2", b"slow 3")
        await house.answerer.somebody_waits.wait()
        house.answerer.release()
        assert [await client.receive() for _ in range(3)] == [b"slow 3", b"slow 2", b"slow 1"]


async def test_tells_the_answerer_the_idle_time_that_applies(pair: Path) -> None:
    async with serving(pair, connections=2, idle_timeout_s=60) as house, DotClient(house.port) as first:
        first.send(b"slow")
        await house.answerer.somebody_waits.wait()
        async with DotClient(house.port) as second:
            house.answerer.somebody_waits.clear()
            second.send(b"slow")
            await house.answerer.somebody_waits.wait()
    assert house.answerer.idle_timeouts_s == [30, 6]


async def test_a_known_answer_waits_for_no_unfinished_one_and_loses_none(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(b"slow")
        await house.answerer.somebody_waits.wait()
        for number in range(3):
            client.send(b"fast %d" % number)
            assert await client.receive() == b"fast %d" % number
        house.answerer.release()
        assert await client.receive() == b"slow"
    assert house.counted(Count.QUERIES) == 4


async def test_more_messages_than_one_turn_works_on_are_all_answered_in_order(pair: Path) -> None:
    async with serving(pair, queries_per_turn=4) as house, DotClient(house.port) as client:
        sent = [b"%d" % number for number in range(50)]
        client.send(*sent)
        assert [await client.receive() for _ in sent] == sent


async def test_others_have_their_turn_after_so_many_queries_of_one_client(pair: Path) -> None:
    async with serving(pair, queries_per_turn=4) as house, DotClient(house.port) as client:
        client.send(*[b"%d" % number for number in range(50)])
        seen = [0]
        async with asyncio.timeout(10):
            while seen[-1] < 50:
                await asyncio.sleep(0)
                seen.append(len(house.answerer.seen))
        assert max(after - before for before, after in pairwise(seen)) == 4


async def test_no_more_answers_are_made_than_a_client_reads(pair: Path) -> None:
    async with serving(pair, write_timeout_s=60, portion_bytes=1000) as house, DotClient(house.port) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        sent = [b"%3d" % number + bytes(60_000) for number in range(200)]
        client.send(*sent)
        seen = -1
        while seen != len(house.answerer.seen):  # until it stops answering
            seen = len(house.answerer.seen)
            await asyncio.sleep(0.1)
        assert seen < 200
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert [await client.receive() for _ in sent] == sent


async def test_c14_a_client_that_leaves_answers_to_unfinished_queries_unread_is_ended(pair: Path) -> None:
    async with (
        serving(pair, write_timeout_s=60, unsent_bytes_per_connection=100_000, queries_per_connection=500) as house,
        DotClient(house.port) as client,
    ):
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        client.send(*[b"slow" + bytes(60_000)] * 50)
        async with asyncio.timeout(10):
            while len(house.answerer.waiting) < 50:
                house.answerer.somebody_waits.clear()
                await house.answerer.somebody_waits.wait()
        half = house.answerer.waiting[25:]
        del house.answerer.waiting[25:]
        house.answerer.release()
        await asyncio.sleep(0.01)  # the first half is on its way before the second comes
        house.answerer.waiting = half
        house.answerer.release()
        async with asyncio.timeout(10):
            while house.occupancy.connections:
                await asyncio.sleep(0.01)
        assert house.counted(Count.LEFT_UNREAD) == 1


@pytest.mark.parametrize("sent", [[b"broken"], [b"slow", b"broken"]], ids=["at once", "later"])
async def test_a_fault_of_ours_costs_that_connection_and_no_other(
    pair: Path, sent: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        serving(pair, queries_per_connection=1) as house,
        DotClient(house.port) as other,
        DotClient(house.port) as client,
    ):
        client.send(*sent)
        if len(sent) > 1:
            await house.answerer.somebody_waits.wait()
            house.answerer.release()
        with pytest.raises(ConnectionResetError):
            await client.ended()
        async with asyncio.timeout(10):
            while house.occupancy.connections > 1:
                await asyncio.sleep(0.01)  # until the server has noticed
        other.send(b"hello")
        assert await other.receive() == b"hello"
    assert "a fault of Homedot's own costs one connection" in caplog.text


async def test_r8_tells_the_answerer_which_address_of_ours_was_asked(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port, host="127.3.2.1") as client:
        client.send(b"slow")
        await house.answerer.somebody_waits.wait()
        (asker,) = house.answerer.askers
        assert asker.here() == "127.3.2.1"
    async with asyncio.timeout(10):
        while house.occupancy.connections:
            await asyncio.sleep(0.01)
    assert asker.here() == ""


class Asking:
    """A server and a requestor in one, for the queue by itself."""

    client = "10.0.0.1"

    def __init__(self, **limits: int) -> None:
        self.limits = replace(LIMITS, **limits)  # type: ignore[arg-type]
        self.echo = EchoAnswerer()
        self.answerer: Answerer = self.echo
        self.count = Counters().row(0)
        self.queue = QueryQueue()

    def idle_timeout_s(self) -> float:
        return 7.0

    def how(self) -> TransportInfo:
        return {}

    def here(self) -> str:
        return ""

    def opened(self, connection: object) -> None: ...
    def failed(self, connection: object, why: str, kind: type[PeerError] = PeerError) -> None: ...
    def closed(self, connection: object, why: str) -> None: ...

    def work(self, most: int = 100) -> int:
        return self.queue.work(self, self, self.queue.finish, most)


def test_answers_what_is_known_and_asks_for_the_rest() -> None:
    asking = Asking()
    asking.queue.waiting = [b"one", b"slow", b"two"]
    assert asking.work() == 3
    assert asking.queue.take_answers() == b"\0\3one\0\3two"
    assert (asking.queue.waiting, asking.queue.unfinished, asking.queue.is_empty) == ([], 1, False)
    assert asking.echo.idle_timeouts_s == [7.0]
    asking.echo.release()
    assert asking.queue.take_answers() == b"\0\4slow"
    assert asking.queue.is_empty


def test_an_answer_that_has_not_left_is_still_in_the_queue() -> None:
    asking = Asking()
    asking.queue.waiting = [b"one"]
    assert not asking.queue.is_empty
    asking.work()
    assert not asking.queue.is_empty
    asking.queue.take_answers()
    assert asking.queue.is_empty


def test_a_query_that_deserves_no_answer_is_finished_without_one() -> None:
    asking = Asking()
    asking.queue.waiting = [b"none"]
    asking.work()
    assert asking.queue.is_empty
    assert asking.queue.take_answers() == b""


def test_stops_at_each_limit_and_leaves_the_rest_waiting() -> None:
    unfinished = Asking(queries_per_connection=2)
    unfinished.queue.waiting = [b"slow 1", b"fast", b"slow 2", b"late"]
    assert unfinished.work() == 3
    assert unfinished.queue.waiting == [b"late"]
    portion = Asking(portion_bytes=10)
    portion.queue.waiting = [bytes(5), bytes(5), bytes(5), b"late"]
    assert portion.work() == 3
    assert portion.queue.waiting == [b"late"]
    most = Asking()
    most.queue.waiting = [b"1", b"2", b"late"]
    assert most.work(2) == 2
    assert most.queue.waiting == [b"late"]
