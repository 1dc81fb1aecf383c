"""The front door's numbers, which it tells other programs of ours."""

from time import monotonic, time

from app.dot.counters import Counters
from app.dot.occupancy import Occupancy
from app.host.wall_clock import since_boot_s
from app.owner.pauses import Pauses

_RECOUNT_S = 1.0
_CLOCK_WAS_SET_S = 5.0


class FrontState:
    """Those of all workers."""

    def __init__(self, occupancy: Occupancy, counters: Counters, pause: Pauses) -> None:
        self._occupancy = occupancy
        self._counters = counters
        self._pause = pause
        self._clients, self._recount_s = 0, 0.0
        self._started_s = since_boot_s()
        self._start_time_s = 0.0

    def now(self) -> dict[str, int]:
        """Each number by its name."""
        gauges = {"connections": self._occupancy.connections, "clients": self._counted_clients()}
        gauges |= {
            "blocking_paused_seconds": self._pause.left_s,
            "start_time_seconds": self._start_time(),
            "uptime_seconds": int(since_boot_s() - self._started_s),
        }
        return gauges | self._counters.totals()

    def _start_time(self) -> int:
        """In Unix time. The same each time, or it would look like a restart, unless the clock was set meanwhile."""
        start_time_s = time() - (since_boot_s() - self._started_s)
        if abs(start_time_s - self._start_time_s) > _CLOCK_WAS_SET_S:
            self._start_time_s = start_time_s
        return int(self._start_time_s)

    def _counted_clients(self) -> int:
        """Counting them takes a millisecond, and anybody may ask the page, so it is done at most once a second."""
        if monotonic() >= self._recount_s:
            self._clients, self._recount_s = self._occupancy.clients, monotonic() + _RECOUNT_S
        return self._clients
