"""A log line that strangers can cause is written seldom. Pure: it reads the clock it is given."""

from collections.abc import Callable


class RateLimitedLog:
    """Lets one line through every `every_s` seconds and counts the others, to be told with the next, or by `tell`."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float], every_s: float = 10.0) -> None:
        self._write = write
        self._clock = clock
        self._every_s = every_s
        self._next_s = clock()
        self._held_back = 0
        self._last = ""

    def __call__(self, line: str) -> None:
        now_s = self._clock()
        if now_s < self._next_s:
            self._held_back += 1
            self._last = line
            return
        self._write(f"{line} ({self._held_back} more like it before)" if self._held_back else line)
        self._held_back = 0
        self._next_s = now_s + self._every_s

    def tell(self) -> None:
        """Write the last line that was held back, if it is time: when a flood ends no other may come."""
        if self._held_back and self._clock() >= self._next_s:
            self._held_back -= 1
            self(self._last)
