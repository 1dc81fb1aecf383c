"""What was learned before the clock was put back, or before the machine slept, is forgotten.

unbound notes until which date it may keep what it learned. A board that came up in 2036 and was then corrected by NTP
would believe for ten years what it found that day: addresses, and that every signature has expired. A clock that is put
forward needs nothing: what is kept ends the sooner. The front door counts with a clock that nobody can set, but it
stands still while the machine sleeps.
"""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from app.config.settings import Settings
from app.host.wall_clock import Reset, WallClock, since_boot_s

from . import paths
from .findings_log import Findings

_UNBOUND_IS_NEW_AFTER_S = 120.0
"""Upkeep looks every minute, and the rest is for a busy machine."""

_LEAST_SLEEP_S = 1.0

RESTARTING = "restarting unbound, to forget what it learned before"


def restart(settings: Settings, reset: Reset) -> Findings:
    """Have unbound started anew. Raises OperatorError."""
    from app.host.supervision import restart_unbound  # in a child: it needs supervisord's modules

    restart_unbound(paths.supervisor_pid(settings))
    back = timedelta(seconds=round(reset.by_s))
    return Findings(news=(f"the clock was put back by {back}: {RESTARTING}",))


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
        self._reset = clock.last_reset()
        self._forgets_until_s = 0.0

    def tick(self) -> None:
        slept_s, now_s = self._slept_s(), self._monotonic()
        reset = self._clock.last_reset()
        if reset != self._reset:
            self._reset = reset
            self._forgets_until_s = now_s + _UNBOUND_IS_NEW_AFTER_S
        if now_s < self._forgets_until_s or slept_s - self._slept_before_s > _LEAST_SLEEP_S:
            self._forget()
        self._slept_before_s = slept_s
