import time

import pytest

from app.host.wall_clock import LEAST_S, Reset, WallClock, since_boot_s
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
    assert watched.last_reset() is None


@pytest.mark.parametrize("by_s", [LEAST_S, 315_360_000.0])
def test_says_how_far_it_was_put_back_the_last_time(wall: Clock, boot: Clock, by_s: float) -> None:
    watched = WallClock(wall, boot)
    wall.now_s -= by_s
    assert (watched.last_reset(), watched.last_reset()) == (Reset(1, by_s), Reset(1, by_s))
    wall.now_s -= by_s
    assert watched.last_reset() == Reset(2, by_s)


def test_many_small_steps_back_are_a_large_one(wall: Clock, boot: Clock) -> None:
    watched = WallClock(wall, boot)
    steps = []
    for _ in range(3):
        wall.now_s -= LEAST_S / 3
        steps.append(watched.last_reset())
    assert steps == [None, None, Reset(1, LEAST_S)]


def test_what_was_put_forward_and_back_again_was_put_back(wall: Clock, boot: Clock) -> None:
    watched = WallClock(wall, boot)
    wall.now_s += 2 * LEAST_S
    assert watched.last_reset() is None
    wall.now_s -= 2 * LEAST_S
    assert watched.last_reset() == Reset(1, 2 * LEAST_S)


def test_the_time_since_boot_is_at_least_what_the_machine_was_awake() -> None:
    assert since_boot_s() >= time.monotonic() - 1
    assert WallClock().last_reset() is None
