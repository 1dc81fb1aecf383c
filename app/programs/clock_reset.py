"""What was learned before the clock was put back, or before the machine slept, is forgotten.

unbound notes until which date it may keep what it learned. A board that came up in 2036 and was then corrected by NTP
would believe for ten years what it found that day: addresses, and that every signature has expired. A clock that is put
forward needs nothing: what is kept ends the sooner. The front door counts with a clock that nobody can set, but it
stands still while the machine sleeps.
"""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import cast

from app.config.settings import Settings
from app.errors import OperatorError
from app.host.wall_clock import WallClock, since_boot_s

from . import paths
from .findings_log import Telling

_UNBOUND_IS_NEW_AFTER_S = 120.0
"""Upkeep looks every minute, and the rest is for a busy machine."""

_LEAST_SLEEP_S = 1.0

RESTARTING = "restarting unbound, to forget what it learned before"


class UnboundForgets:
    """`tick` is upkeep's, for every minute. `restart` returns faults, or None if it could not be finished."""

    def __init__(self, clock: WallClock, restart: Callable[[], object]) -> None:
        self._clock = clock
        self._restart = restart
        self._telling = Telling()

    def tick(self) -> None:
        """Never raises."""
        back_s = self._clock.put_back_s()
        if not back_s:
            return
        faults = cast(list[str] | None, self._restart())
        if faults is None:
            return
        news = []
        if not faults:
            self._clock.settle()
            back = timedelta(seconds=round(back_s))
            news.append(f"the clock was put back by {back}: {RESTARTING}")
        self._telling.tell({"faults": faults, "news": news, "warnings": []})


def restart(settings: Settings) -> list[str]:
    """Have unbound started anew. Returns faults. For a child: its imports are many."""
    from app.host.supervision import restart_unbound

    try:
        restart_unbound(paths.supervisor_pid(settings))
    except OperatorError as error:
        return list(error.faults)
    return []


def slept_s() -> float:
    """How long the machine has slept since boot."""
    return since_boot_s() - monotonic()


class FrontForgets:
    """`tick` is the front door's, for every few seconds; it calls `forget` when what it keeps may be too old.

    After the clock was put back it does so until unbound must have been started anew: what that gives until then is
    said to last for years, and would be kept for a day.
    """

    def __init__(
        self,
        forget: Callable[[], object],
        clock: WallClock,
        slept_s: Callable[[], float] = slept_s,
        monotonic: Callable[[], float] = monotonic,
    ) -> None:
        self._forget = forget
        self._clock = clock
        self._slept_s = slept_s
        self._monotonic = monotonic
        self._slept_before_s = slept_s()
        self._forgets_until_s = 0.0

    def tick(self) -> None:
        slept_s, now_s = self._slept_s(), self._monotonic()
        if self._clock.put_back_s():
            self._clock.settle()
            self._forgets_until_s = now_s + _UNBOUND_IS_NEW_AFTER_S
        if now_s < self._forgets_until_s or slept_s - self._slept_before_s > _LEAST_SLEEP_S:
            self._forget()
        self._slept_before_s = slept_s
