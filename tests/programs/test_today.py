"""How much was asked today."""

from datetime import date

from app.dot.counters import Count, Counters
from app.programs.today import Today


class Calendar:
    def __init__(self) -> None:
        self.day = date(2026, 3, 1)

    def __call__(self) -> date:
        return self.day


def test_it_is_counted_from_midnight_on() -> None:
    calendar, counters = Calendar(), Counters(2)
    today = Today(counters, calendar)
    counters.row(0)[Count.QUERIES] += 5
    counters.row(1)[Count.QUERIES_PLAIN] += 2
    counters.row(1)[Count.QUERIES_BLOCKED] += 3
    assert today.now() == {"queries": 7, "blocked": 3}
    calendar.day = date(2026, 3, 2)
    today.tick()
    assert today.now() == {"queries": 0, "blocked": 0}
    counters.row(0)[Count.QUERIES] += 1
    assert today.now() == {"queries": 1, "blocked": 0}
