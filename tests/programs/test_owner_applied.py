"""Which stamp every worker decides by."""

import asyncio
import os

import pytest

from app.programs.owner_applied import Applied


@pytest.mark.anyio
async def test_waits_until_the_last_worker_has_it() -> None:
    applied = Applied(3)
    for worker in (0, 2):
        applied.row(worker)[0] = 1_800_000_000_001
    waiting = asyncio.create_task(applied.everywhere(1_800_000_000_001, 10.0))
    await asyncio.sleep(0.03)  # long enough to look several times
    assert not waiting.done()
    applied.row(1)[0] = 1_800_000_000_002
    assert await waiting


@pytest.mark.anyio
async def test_does_not_wait_for_ever() -> None:
    assert not await Applied(2).everywhere(1, 0.02)


def test_what_a_child_writes_is_seen() -> None:
    applied = Applied(2)
    applied.row(0)[0] = 5
    child = os.fork()
    if child == 0:
        applied.row(1)[0] = 5
        os._exit(0)
    os.waitpid(child, 0)
    assert asyncio.run(applied.everywhere(5, 0.0))
