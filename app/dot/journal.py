"""One line when a connection opens and one when it closes, written together a few times a second.

A log record of its own for each would cost a fifth of a handshake.
"""

from collections.abc import Callable
from contextlib import suppress

_MOST_LINES = 1000


class Journal:
    """Collects lines; `flush` hands them to `write` in one piece, each with `prefix`.

    Those for which `write` has no room or no reader are lost: connections and deadlines go on.
    """

    def __init__(self, write: Callable[[str], object], prefix: str = "") -> None:
        self._write = write
        self._prefix = prefix
        self._lines: list[str] = []

    def note(self, line: str) -> None:
        self._lines.append(f"{self._prefix}{line}\n")
        if len(self._lines) >= _MOST_LINES:
            self.flush()

    def flush(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            with suppress(OSError):
                self._write("".join(lines))
