"""Was the clock put back? It is compared with the time since boot, which nobody can set and suspend does not stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass

LEAST_S = 300.0
"""Corrections by less are what NTP does to a clock that is right."""


def since_boot_s() -> float:
    """Seconds since boot, those of suspend among them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class Reset:
    """That a clock was put back: the how manieth time it was since somebody looked, and by how much."""

    number: int
    by_s: float


class WallClock:
    """`now_s` is the clock that people set, `elapsed_s` one that only goes on."""

    def __init__(self, now_s: Callable[[], float] = time.time, elapsed_s: Callable[[], float] = since_boot_s) -> None:
        self._now_s = now_s
        self._elapsed_s = elapsed_s
        self._furthest_s = self.lead_s()
        self._last: Reset | None = None

    def lead_s(self) -> float:
        """How far the clock is ahead of the time since boot: the same until somebody sets it."""
        return self._now_s() - self._elapsed_s()

    def last_reset(self) -> Reset | None:
        """The last time that it was put back by LEAST_S or more, in one step or in many; None if it never was."""
        lead_s = self.lead_s()
        self._furthest_s = max(self._furthest_s, lead_s)
        back_s = self._furthest_s - lead_s
        if back_s >= LEAST_S:
            self._last = Reset(self._last.number + 1 if self._last else 1, back_s)
            self._furthest_s = lead_s
        return self._last
