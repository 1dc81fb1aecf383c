import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from app.dot.counters import Count, Counters
from app.dot.datagrams import Datagrams
from app.dot.query_rate import QueryRate
from tests.fakes.answerer import EchoAnswerer
from tests.fakes.clock import Clock

pytestmark = pytest.mark.anyio


@dataclass
class Serving:
    client: socket.socket
    answerer: EchoAnswerer
    counters: Counters
    server: Datagrams

    async def receive(self) -> bytes:
        async with asyncio.timeout(10):
            return await asyncio.get_running_loop().sock_recv(self.client, 65535)


@asynccontextmanager
async def serving(
    *, allowed: bool = True, most_unfinished: int = 10, limit: int | None = None
) -> AsyncIterator[Serving]:
    bound = socket.socket(type=socket.SOCK_DGRAM)
    bound.bind(("127.0.0.1", 0))
    bound.setblocking(False)
    counters, answerer = Counters(), EchoAnswerer()
    server = Datagrams(
        [bound],
        answerer,
        fit=lambda _, answer: answer[:5],
        is_allowed=lambda _: allowed,
        rate=QueryRate(limit, lambda _: True, Clock()),
        most_unfinished=most_unfinished,
        count=counters.row(0),
    )
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect(bound.getsockname())
        yield Serving(client, answerer, counters, server)
    server.close()


async def test_a_query_is_answered_and_made_to_fit() -> None:
    async with serving() as house:
        house.client.send(b"hello there")
        assert await house.receive() == b"hello"
        assert house.counters.total(Count.QUERIES_PLAIN) == 1


async def test_e11_there_is_no_connection_to_keep_alive() -> None:
    async with serving() as house:
        house.client.send(b"slow")
        await house.answerer.somebody_waits.wait()
        assert house.answerer.idle_timeouts_s == [None]
        assert [(asker.client, asker.how()) for asker in house.answerer.askers] == [("127.0.0.1", {"transport": "udp"})]
        house.answerer.release()
        assert await house.receive() == b"slow"


async def test_a_stranger_gets_nothing_at_all() -> None:
    async with serving(allowed=False) as house:
        house.client.send(b"hello")
        while not house.counters.total(Count.REFUSED_NOT_ALLOWED):
            await asyncio.sleep(0.01)  # until it has been read
        assert house.answerer.seen == []
        with pytest.raises(BlockingIOError):
            house.client.recv(100)


async def test_one_address_may_be_answered_by_another_and_no_longer() -> None:
    apart = EchoAnswerer()
    async with serving(limit=3) as house:
        for exceptions, seen in (({"127.0.0.1": apart}, apart), ({"127.0.0.9": apart}, house.answerer), ({}, None)):
            house.server.except_for(exceptions)
            house.client.send(b"hello")
            assert await house.receive() == b"hello"
            assert (seen or house.answerer).seen[-1] == b"hello"
        assert (len(apart.seen), len(house.answerer.seen)) == (1, 2)
        house.server.except_for({"127.0.0.1": apart})
        house.client.send(b"beyond its rate")
        while not house.counters.total(Count.QUERIES_LIMITED):
            await asyncio.sleep(0.01)  # until it has been read
    async with serving(allowed=False) as house:
        house.server.except_for({"127.0.0.1": apart})
        house.client.send(b"hello")
        while not house.counters.total(Count.REFUSED_NOT_ALLOWED):
            await asyncio.sleep(0.01)  # until it has been read


async def test_who_is_answered_by_another_waits_for_it_as_all_do() -> None:
    apart = EchoAnswerer()
    async with serving() as house:
        house.server.except_for({"127.0.0.1": apart})
        house.client.send(b"slow")
        await apart.somebody_waits.wait()
        apart.release()
        assert await house.receive() == b"slow"
        assert house.answerer.seen == []


async def test_what_one_client_asks_beyond_its_rate_is_dropped_and_counted() -> None:
    async with serving(limit=3) as house:
        for number in range(10):
            house.client.send(b"q%d" % number)
        assert [await house.receive() for _ in range(3)] == [b"q0", b"q1", b"q2"]
        while house.counters.total(Count.QUERIES_LIMITED) < 7:
            await asyncio.sleep(0.01)  # until all have been read
        with pytest.raises(BlockingIOError):
            house.client.recv(100)
        assert house.counters.total(Count.QUERIES_PLAIN) == 3


async def test_what_is_too_much_at_once_is_dropped_and_the_rest_is_answered() -> None:
    async with serving(most_unfinished=2) as house:
        for number in range(4):
            house.client.send(b"slow%d" % number)
        house.client.send(b"quick")
        assert await house.receive() == b"quick"
        assert len(house.answerer.waiting) == 2
        house.answerer.release()
        assert {await house.receive(), await house.receive()} == {b"slow0", b"slow1"}


async def test_an_answer_that_comes_after_the_end_is_forgotten() -> None:
    async with serving() as house:
        house.client.send(b"slow")
        await house.answerer.somebody_waits.wait()
    house.answerer.release()


@pytest.mark.parametrize(
    ("family", "anywhere", "asked"),
    [
        (socket.AF_INET, "0.0.0.0", "127.3.2.1"),
        pytest.param(socket.AF_INET6, "::", "::1", marks=pytest.mark.server),
    ],
)
async def test_r8_knows_which_address_of_ours_was_asked(
    family: socket.AddressFamily, anywhere: str, asked: str
) -> None:
    bound = socket.socket(family, socket.SOCK_DGRAM)
    bound.bind((anywhere, 0))
    bound.setblocking(False)
    answerer = EchoAnswerer()
    server = Datagrams(
        [bound],
        answerer,
        fit=lambda _, answer: answer,
        is_allowed=lambda _: True,
        rate=QueryRate(None, lambda _: True, Clock()),
        most_unfinished=10,
        count=Counters().row(0),
    )
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.sendto(b"slow", (asked, bound.getsockname()[1]))
        async with asyncio.timeout(10):
            await answerer.somebody_waits.wait()
    assert [asker.here() for asker in answerer.askers] == [asked]
    server.close()


async def test_a_fault_of_ours_costs_one_question_and_no_place(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(most_unfinished=2) as house:
        for _ in range(5):
            house.client.send(b"broken")
        house.client.send(b"hello")
        assert await house.receive() == b"hello"
        house.client.send(b"slow")
        await house.answerer.somebody_waits.wait()
    assert caplog.text.count("costs one question") == 5
