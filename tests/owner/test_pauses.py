"""Whose blocking is paused."""

from app.owner.pauses import Pauses
from app.owner.will import ALL, PAUSE, Key, Moment, Will
from tests.fakes.clock import Clock

NOW_S = 1_800_000_000.0
EVERYBODY, PHONE = Key(PAUSE, ALL), Key(PAUSE, "192.168.1.7")


def will(**ends_in_s: float) -> Will:
    wanted: dict[Key, object] = {
        Key(PAUSE, ALL if of == "all" else "192.168.1.7"): int(NOW_S + s) for of, s in ends_in_s.items()
    }
    return Will("box").after(wanted, Moment(NOW_S, ""))


def test_a_pause_lasts_until_its_end_and_is_told_in_whole_seconds() -> None:
    clock, wall = Clock(), Clock(NOW_S)
    pauses = Pauses(wall, clock)
    assert (pauses.left_s, pauses.devices) == (0, frozenset())
    pauses.take(will(all=60, phone=30))
    assert (pauses.left_s, pauses.devices) == (60, frozenset({"192.168.1.7"}))
    clock.now_s += 29.5
    assert (pauses.left_s, pauses.devices) == (31, frozenset({"192.168.1.7"}))
    clock.now_s += 1
    assert (pauses.left_s, pauses.devices) == (30, frozenset())
    clock.now_s += 30
    assert pauses.left_s == 0


def test_a_pause_that_is_taken_back_is_over() -> None:
    pauses = Pauses(Clock(NOW_S), Clock())
    paused = will(all=60, phone=60)
    pauses.take(paused)
    pauses.take(paused.after({EVERYBODY: None, PHONE: None}, Moment(NOW_S, "")))
    assert (pauses.left_s, pauses.devices) == (0, frozenset())


def test_a_clock_that_is_set_in_between_makes_a_pause_neither_longer_nor_shorter() -> None:
    clock, wall = Clock(), Clock(NOW_S)
    pauses = Pauses(wall, clock)
    paused = will(all=60)
    pauses.take(paused)
    wall.now_s -= 365 * 86400
    pauses.take(paused)
    assert pauses.left_s == 60
    wall.now_s += 2 * 365 * 86400
    pauses.take(paused)
    assert pauses.left_s == 60
    clock.now_s += 60
    assert pauses.left_s == 0


def test_an_end_further_away_than_any_pause_counts_for_nothing() -> None:
    """After a start of a board whose clock is in 1970 blocking is in force, and not off for half a century."""
    pauses = Pauses(Clock(0.0), Clock())
    pauses.take(will(all=60, phone=60))
    assert (pauses.left_s, pauses.devices) == (0, frozenset())
