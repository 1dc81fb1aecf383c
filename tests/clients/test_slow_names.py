"""One client asks for names that take their time: what that costs another one, and the whole house."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from itertools import count
from uuid import uuid4

import dns.message
import dns.rcode
import pytest

from app.dot.poller import Loop
from tests.fakes.dot_client import DotClient
from tests.internet import Internet

from .asking import query
from .conftest import Box
from .test_forwarding import appliance

pytestmark = pytest.mark.server

OUTSTANDING = 100
QUICK, EVERY_S = 100, 0.25
WITHIN_MS = 100.0


@pytest.fixture(scope="module")
def forwarding(internet: Internet) -> Iterator[Box]:
    with appliance(internet, "", forward=internet.forwarder_plain) as box:
        yield box


async def ask_slow_ones(port: int) -> None:
    """Keep as many names as that open, each of which takes three seconds, from an address of its own."""
    mark, numbers = uuid4().hex[:8], count()
    async with DotClient(port, own="127.0.0.2") as client:
        for _ in range(OUTSTANDING):
            client.send(query(f"d3000-{mark}-{next(numbers)}.slow.test").to_wire())
        while True:
            await client.receive()
            client.send(query(f"d3000-{mark}-{next(numbers)}.slow.test").to_wire())


async def ask_quick_ones(port: int) -> list[tuple[dns.rcode.Rcode, float]]:
    """What each answer was, and after how many milliseconds."""
    mark = uuid4().hex[:8]

    async def one(number: int) -> tuple[dns.rcode.Rcode, float]:
        async with DotClient(port) as client:
            begun_s = time.monotonic()
            client.send(query(f"{mark}-{number}.wild.unsigned.test").to_wire())
            response = dns.message.from_wire(await client.receive())
            return response.rcode(), (time.monotonic() - begun_s) * 1000

    async with asyncio.TaskGroup() as group:
        tasks = []
        for number in range(QUICK):
            tasks.append(group.create_task(one(number)))
            await asyncio.sleep(EVERY_S)  # the pace of the questions
    return [task.result() for task in tasks]


async def measure(port: int) -> list[tuple[dns.rcode.Rcode, float]]:
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(ask_slow_ones(port))
        try:
            return await ask_quick_ones(port)
        finally:
            slow.cancel()


def test_a_hundred_slow_names_of_one_client_cost_another_one_nothing(forwarding: Box) -> None:
    with asyncio.Runner(loop_factory=Loop) as runner:
        answers = runner.run(measure(forwarding.port))
    answered_ms = [ms for rcode, ms in answers if rcode == dns.rcode.NOERROR]
    assert len(answered_ms) >= QUICK - 1, answers
    assert statistics.median(answered_ms) < WITHIN_MS
