"""Who is told when the state of this box changes."""

import asyncio
import logging
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.doctor.condition import NO_FRONT_DOOR, Condition, ConditionKind, of
from app.programs import paths
from app.programs.notice import APART_S, LASTS_S, News, Watcher, asked
from tests.fakes.clock import Clock
from tests.fakes.frontdoor import WELL, hearing

ILL = of(ConditionKind.UNREACHABLE, 1780315200.0)
GONE = of(ConditionKind.NOT_ANSWERING, about=NO_FRONT_DOOR)


class House:
    def __init__(self, *, is_told: bool = True) -> None:
        self.clock, self.condition = Clock(), WELL
        self.watcher = Watcher(lambda: self.condition, self.clock, is_told=is_told)
        self.news: list[News] = []

    def after(self, seconds: float, condition: Condition) -> list[News]:
        """What was told by then."""
        self.condition = condition
        until_s = self.clock.now_s + seconds
        while self.clock.now_s < until_s:
            news = self.watcher.news()
            if news is not None and news not in self.news:
                self.news.append(news)
            self.clock.now_s += 5
        return self.news


def test_nobody_is_told_of_a_box_that_is_well() -> None:
    assert House().after(3600, WELL) == []


def test_a_change_that_lasts_is_told_once() -> None:
    house = House()
    assert house.after(LASTS_S, ILL) == []
    (news,) = house.after(3600, ILL)
    assert news.sentence.startswith("Answers, but the internet cannot be reached, since ")


def test_one_that_does_not_last_is_not() -> None:
    house = House()
    for _ in range(100):
        house.after(LASTS_S - 10, ILL)
        house.after(60, WELL)
    assert house.news == []


def test_its_end_is_told_too_but_not_before_a_quarter_of_an_hour() -> None:
    house = House()
    house.after(LASTS_S + 10, ILL)
    assert len(house.after(APART_S - 30, WELL)) == 1
    news = house.after(60, WELL)[-1]
    assert news.sentence.startswith("Well: names are answered")
    assert [each.number for each in house.news] == [1, 2]


def test_what_came_and_went_within_the_quarter_is_never_told() -> None:
    house = House()
    house.after(LASTS_S + 10, ILL)
    house.after(300, WELL)
    assert len(house.after(3600, ILL)) == 1


def test_nobody_is_told_who_wants_not_to_be() -> None:
    assert House(is_told=False).after(3600, ILL) == []


def test_a_front_door_that_is_gone_is_told_in_the_log_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    house = House()
    house.after(5, GONE)
    assert caplog.messages == []  # it may be starting anew
    house.after(600, GONE)
    house.after(60, WELL)
    assert caplog.messages == [f"condition: Does not answer: {NO_FRONT_DOOR}", "condition: the front door is back"]


def test_the_front_door_is_asked(tmp_path: Path) -> None:
    settings = Settings(run_dir=tmp_path)

    async def told() -> Condition:
        async with hearing(paths.control_socket(settings)):
            return await asyncio.to_thread(asked, settings)

    assert asyncio.run(told()) == WELL
    assert asked(settings) == GONE
