"""Whose blocking is paused just now. Pure: `wall` gives seconds since 1970, `clock` seconds that never go back.

What stands in the file is when a pause ends by the wall clock; once seen it ends by the other one, so that a clock that
is set in between makes no pause longer.
"""

from collections.abc import Callable
from typing import final

from .will import ALL, PAUSE, Key, Will, ends_at_s

MOST_S = 25 * 3600
"""A day, and the hour by which one is longer in autumn."""


@final
class Pauses:
    """Those of the will that was taken last."""

    def __init__(self, wall: Callable[[], float], clock: Callable[[], float]) -> None:
        self._wall = wall
        self._clock = clock
        self._ends_s: dict[tuple[Key, int], float] = {}

    def take(self, will: Will) -> None:
        """From now on these. An end that is further away than any pause was meant by another clock, and counts for
        nothing."""
        ends_s = {}
        for entry in will.live(PAUSE):
            mark, left_s = (entry.key, entry.stamp), ends_at_s(entry) - self._wall()
            meant_s = self._clock() + left_s if 0 < left_s <= MOST_S else 0.0
            ends_s[mark] = self._ends_s.get(mark, meant_s)
        self._ends_s = ends_s

    @property
    def left_s(self) -> int:
        """Of the pause for all: whole seconds, rounded up; 0 if there is none."""
        left_s = max((end_s - self._clock() for (key, _), end_s in self._ends_s.items() if key.of == ALL), default=0.0)
        return int(left_s) + (left_s > int(left_s)) if left_s > 0 else 0

    @property
    def devices(self) -> frozenset[str]:
        """The addresses with a pause of their own."""
        now_s = self._clock()
        return frozenset(key.of for (key, _), end_s in self._ends_s.items() if end_s > now_s and key.of != ALL)
