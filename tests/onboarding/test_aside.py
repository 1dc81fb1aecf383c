import asyncio
import threading

import pytest

from app.onboarding.aside import MOST_WAITING, Aside, TooMany

pytestmark = pytest.mark.anyio


async def test_what_it_does_is_done_elsewhere_one_after_the_other() -> None:
    aside, at_work = Aside(), 0
    seen: list[tuple[int, int]] = []

    def work() -> int:
        nonlocal at_work
        at_work += 1
        seen.append((at_work, threading.get_ident()))
        at_work -= 1
        return len(seen)

    assert await asyncio.gather(*(aside.do(work) for _ in range(5))) == [1, 2, 3, 4, 5]
    assert {count for count, _ in seen} == {1}
    assert {thread for _, thread in seen} != {threading.get_ident()}


async def test_the_loop_goes_on_meanwhile_and_too_many_are_turned_away() -> None:
    aside, let = Aside(), threading.Event()
    waiting = [asyncio.create_task(aside.do(lambda: let.wait(10))) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await aside.do(let.is_set)
    let.set()
    assert await asyncio.gather(*waiting) == [True] * MOST_WAITING
    assert await aside.do(let.is_set)


async def test_what_it_raises_is_raised_and_leaves_room() -> None:
    aside = Aside()
    for _ in range(MOST_WAITING + 1):
        with pytest.raises(ZeroDivisionError):
            await aside.do(lambda: 1 // 0)
