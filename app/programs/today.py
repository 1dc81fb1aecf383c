"""How much was asked today, and how much of it was blocked: since midnight where TZ says, or since the start."""

from collections.abc import Callable, Mapping
from datetime import date

from app.dot.counters import Count, Counters

_QUESTIONS = (Count.QUERIES, Count.QUERIES_PLAIN)


class Today:
    """Of all workers' `counters`. `day` gives the local date."""

    def __init__(self, counters: Counters, day: Callable[[], date] = date.today) -> None:
        self._counters = counters
        self._day = day
        self._began = day()
        self._before = (0, 0)

    def tick(self) -> None:
        """Begin anew at midnight; for every second or so."""
        if (day := self._day()) != self._began:
            self._began, self._before = day, self._totals()

    def now(self) -> Mapping[str, int]:
        """Both numbers by name."""
        self.tick()
        queries, blocked = self._totals()
        return {"queries": queries - self._before[0], "blocked": blocked - self._before[1]}

    def _totals(self) -> tuple[int, int]:
        return sum(map(self._counters.total, _QUESTIONS)), self._counters.total(Count.QUERIES_BLOCKED)
