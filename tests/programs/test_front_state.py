import pytest

from app.dot.counters import Count, Counters
from app.dot.occupancy import Occupancy
from app.programs import front_state
from app.programs.front_state import FrontState
from tests.fakes.clock import Clock
from tests.fakes.pauses import paused


def test_the_numbers_are_those_of_all_workers() -> None:
    counters, occupancy, pause = Counters(2), Occupancy(2), paused(600)
    for worker in range(2):
        counters.row(worker)[Count.QUERIES] += 5
        occupancy.row(worker).enter("192.168.1.23")
    told = FrontState(occupancy, counters, pause).now()
    assert (told["queries"], told["connections"], told["clients"], told["blocking_paused_seconds"]) == (10, 2, 1, 600)
    assert all(isinstance(value, int) for value in told.values())


def test_clients_are_counted_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(front_state, "monotonic", clock)
    occupancy = Occupancy()
    numbers = FrontState(occupancy, Counters(), paused(0, clock))
    assert numbers.now()["clients"] == 0
    occupancy.row(0).enter("192.168.1.23")
    assert numbers.now()["clients"] == 0
    clock.now_s += 1
    assert numbers.now()["clients"] == 1


def test_the_time_of_the_start_stays_the_same_until_the_clock_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, wall = Clock(), Clock()
    monkeypatch.setattr(front_state, "since_boot_s", clock)
    monkeypatch.setattr(front_state, "time", wall)
    numbers = FrontState(Occupancy(), Counters(), paused(0))
    first = numbers.now()["start_time_seconds"]
    for passed_s in (0.4, 0.7, 90.9):
        clock.now_s += passed_s
        wall.now_s += passed_s * 1.01
        assert numbers.now()["start_time_seconds"] == first
    wall.now_s += 1e9
    assert numbers.now()["start_time_seconds"] == pytest.approx(first + 1e9, abs=2)


def test_the_time_since_the_start_goes_on_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(front_state, "since_boot_s", clock)
    numbers = FrontState(Occupancy(), Counters(), paused(0))
    clock.now_s += 90.5
    assert numbers.now()["uptime_seconds"] == 90
