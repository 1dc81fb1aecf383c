"""How long blocking is paused, in memory that all workers share. It outlives no restart, and ends by itself."""

import mmap
from collections.abc import Callable
from typing import final

MOST_S = 24 * 3600


@final
class Pause:
    """Make it before the workers are forked. `clock` gives seconds, the same in all processes, that never go back.

    One worker writes, and eight octets at once: a reader sees the old end or the new one.
    """

    __slots__ = ("_clock", "_ends_s")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ends_s = memoryview(mmap.mmap(-1, 8)).cast("d")

    def begin(self, seconds: int) -> None:
        """Pause for `seconds` from now on, whatever was said before."""
        self._ends_s[0] = self._clock() + seconds

    def end(self) -> None:
        self._ends_s[0] = 0.0

    @property
    def left_s(self) -> int:
        """Whole seconds, rounded up; 0 when blocking is in force."""
        left_s = self._ends_s[0] - self._clock()
        return int(left_s) + (left_s > int(left_s)) if left_s > 0 else 0
