import asyncio

import pytest

from app.onboarding.coalesced import GOOD_FOR_S, Coalesced
from tests.fakes.clock import Clock

pytestmark = pytest.mark.anyio


class Asked:
    def __init__(self) -> None:
        self.count = 0
        self.let = asyncio.Event()
        self.fault: Exception | None = None

    async def __call__(self) -> int:
        self.count += 1
        await self.let.wait()
        if self.fault:
            raise self.fault
        return self.count


async def test_all_who_ask_at_the_same_time_get_the_same_answer() -> None:
    asked = Asked()
    question = Coalesced(asked, Clock())
    waiting = [asyncio.create_task(question()) for _ in range(100)]
    await asyncio.sleep(0)
    asked.let.set()
    assert await asyncio.gather(*waiting) == [1] * 100


async def test_an_answer_is_good_for_a_second() -> None:
    asked, clock = Asked(), Clock()
    asked.let.set()
    question = Coalesced(asked, clock)
    assert [await question(), await question()] == [1, 1]
    clock.now_s += GOOD_FOR_S
    assert await question() == 2


async def test_who_stops_waiting_does_not_take_the_answer_from_the_others() -> None:
    asked = Asked()
    question = Coalesced(asked, Clock())
    first, second = (asyncio.create_task(question()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    asked.let.set()
    assert await second == 1


async def test_a_fault_is_everybodys() -> None:
    asked, clock = Asked(), Clock()
    asked.let.set()
    asked.fault = ValueError("no")
    question = Coalesced(asked, clock)
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await question()
    assert asked.count == 1
