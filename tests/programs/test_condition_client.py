"""The condition of this box, as the setup page asks for it."""

from pathlib import Path

import pytest

from app.config.settings import Settings
from app.doctor.condition import ConditionKind, of
from app.programs import paths
from app.programs.condition_client import ConditionClient
from tests.fakes.clock import Clock
from tests.fakes.frontdoor import WELL, hearing

pytestmark = pytest.mark.anyio


async def test_it_is_what_the_front_door_says(tmp_path: Path) -> None:
    settings = Settings(run_dir=tmp_path)
    async with hearing(paths.control_socket(settings)):
        client = ConditionClient(settings)
        assert await client.condition() == WELL
        health = await client.health()
        assert health.text.startswith("Well: names are answered, checked with DNSSEC, since 20")
        assert (health.is_well, health.is_unwell) == (True, False)


async def test_a_front_door_that_is_gone_does_not_answer_since_it_was_missed_first(tmp_path: Path) -> None:
    settings, clock = Settings(run_dir=tmp_path), Clock(1780315200.0)
    client = ConditionClient(settings, clock)
    first = await client.condition()
    clock.now_s += 100
    assert await client.condition() == first
    assert (first.kind, first.since_s) == (ConditionKind.NOT_ANSWERING, 1780315200.0)
    assert (await client.health()).is_unwell
    async with hearing(paths.control_socket(settings)):
        assert (await client.condition()).is_well
    clock.now_s += 100
    assert (await client.condition()).since_s == 1780315400.0


async def test_what_nobody_can_tell_is_neither_well_nor_unwell(tmp_path: Path) -> None:
    settings = Settings(run_dir=tmp_path)
    async with hearing(paths.control_socket(settings), condition=of(ConditionKind.CANNOT_TELL)):
        health = await ConditionClient(settings).health()
        assert (health.is_well, health.is_unwell) == (False, False)
