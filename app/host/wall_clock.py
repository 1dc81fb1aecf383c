"""Was the clock put back? It is compared with the time since boot, which nobody can set and suspend does not stop."""

import time
from collections.abc import Callable

LEAST_S = 300.0
"""Corrections by less are what NTP does to a clock that is right."""


def since_boot_s() -> float:
    """Seconds since boot, those of suspend among them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class WallClock:
    """`now_s` is the clock that people set, `elapsed_s` one that only goes on."""

    def __init__(self, now_s: Callable[[], float] = time.time, elapsed_s: Callable[[], float] = since_boot_s) -> None:
        self._now_s = now_s
        self._elapsed_s = elapsed_s
        self._furthest_s = self.lead_s()

    def lead_s(self) -> float:
        """How far the clock is ahead of the time since boot: the same until somebody sets it."""
        return self._now_s() - self._elapsed_s()

    def put_back_s(self) -> float:
        """How far the clock is behind the furthest that it ever was; 0 if that is less than LEAST_S."""
        lead_s = self.lead_s()
        self._furthest_s = max(self._furthest_s, lead_s)
        back_s = self._furthest_s - lead_s
        return back_s if back_s >= LEAST_S else 0.0

    def settle(self) -> None:
        """Who had to know knows: from now on the clock of this moment is the furthest."""
        self._furthest_s = self.lead_s()
