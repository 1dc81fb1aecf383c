import time

import pytest

from app.host.wall_clock import LEAST_S, WallClock, since_boot_s
from tests.fakes.clock import Clock


@pytest.fixture
def wall() -> Clock:
    return Clock(2_000_000_000.0)


@pytest.fixture
def boot() -> Clock:
    return Clock(60.0)


def test_a_clock_that_goes_on_was_not_put_back(wall: Clock, boot: Clock) -> None:
    watched = WallClock(wall, boot)
    for clock in (wall, boot):
        clock.now_s += 86_400
    assert watched.put_back_s() == 0


@pytest.mark.parametrize("by_s", [LEAST_S, 315_360_000.0])
def test_says_how_far_it_was_put_back_until_it_is_settled(wall: Clock, boot: Clock, by_s: float) -> None:
    watched = WallClock(wall, boot)
    wall.now_s -= by_s
    assert (watched.put_back_s(), watched.put_back_s()) == (by_s, by_s)
    watched.settle()
    assert watched.put_back_s() == 0
    wall.now_s -= by_s
    assert watched.put_back_s() == by_s


def test_many_small_steps_back_are_a_large_one(wall: Clock, boot: Clock) -> None:
    watched = WallClock(wall, boot)
    steps = []
    for _ in range(3):
        wall.now_s -= LEAST_S / 3
        steps.append(watched.put_back_s())
    assert steps == [0, 0, LEAST_S]


def test_what_was_put_forward_and_back_again_was_put_back(wall: Clock, boot: Clock) -> None:
    watched = WallClock(wall, boot)
    wall.now_s += 2 * LEAST_S
    assert watched.put_back_s() == 0
    wall.now_s -= 2 * LEAST_S
    assert watched.put_back_s() == 2 * LEAST_S


def test_the_time_since_boot_is_at_least_what_the_machine_was_awake() -> None:
    assert since_boot_s() >= time.monotonic() - 1
    assert WallClock().put_back_s() == 0
