"""One line when a connection opens and one when it closes, written together a few times a second.

A log record of its own for each would cost a fifth of a handshake. Strangers cause these lines: a crowd that comes and
goes gets LINES_PER_MINUTE, and the log says how many were left out.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import final

from app.networks import HEALTH_CHECK

LINES_PER_MINUTE = 100
"""More than a home full of devices writes when the router comes back; kept up for a day it is some 15 MB."""
_MINUTE_S = 60.0
_UNLOGGED = frozenset({HEALTH_CHECK, "127.0.0.1", "::1"})
"""The health check comes twice a minute, and scripts like it: their lines would bury everybody else's."""


@final
class ConnectionLog:
    """Collects lines; `flush` hands them to `write` in one piece, each with `prefix`. `clock` tells seconds.

    Those for which `write` has no room or no reader are lost: connections and deadlines go on. Without `enabled` there
    are no lines at all.
    """

    __slots__ = ("_clock", "_enabled", "_left_out", "_lines", "_minute_ends_s", "_prefix", "_room", "_write")

    def __init__(
        self, write: Callable[[str], object], clock: Callable[[], float], prefix: str = "", *, enabled: bool = True
    ) -> None:
        self._write = write
        self._clock = clock
        self._prefix = prefix
        self._enabled = enabled
        self._lines: list[str] = []
        self._room = LINES_PER_MINUTE
        self._left_out = 0
        self._minute_ends_s = clock() + _MINUTE_S

    def note(self, client: str, port: int, what: str) -> None:
        """`what` happened to the connection of `client` from `port`."""
        if not self._enabled or client in _UNLOGGED:
            return
        if self._room:
            self._room -= 1
            self._lines.append(f"{self._prefix}{client} port {port} {what}\n")
        else:
            self._left_out += 1

    def flush(self) -> None:
        """Write what there is; and once a minute is over, how much there was no room for."""
        if self._clock() >= self._minute_ends_s:
            self._begin_minute()
        if self._lines:
            lines, self._lines = self._lines, []
            with suppress(OSError):
                self._write("".join(lines))

    def close(self) -> None:
        """Write the last lines."""
        self._begin_minute()
        self.flush()

    def _begin_minute(self) -> None:
        if self._left_out:
            self._lines.append(f"{self._prefix}{self._left_out} more lines about connections left out\n")
        self._left_out = 0
        self._room = LINES_PER_MINUTE
        self._minute_ends_s = self._clock() + _MINUTE_S
