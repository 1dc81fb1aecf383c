"""What we print and log. The disk below may be full, or nobody may read it any more: no reason to stop serving."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime

from app.config.settings import Log
from app.errors import OperatorError
from app.host.lossy_output import LossyOutput, reopen_unblocked, unblock_pipe
from app.host.relay import prioritized
from app.text import printable

from .log_format import FORMATS, LEVELS

EXIT_OPERATOR = 2
"""There is something that the operator must mend."""

_US = "homedot"
_PATIENCE_S = 5.0
"""Before anything serves: a reader that is only slow must not miss the code to scan."""


def fault_lines(error: OperatorError) -> Iterable[str]:
    """How many there are to mend, and each on a line of its own."""
    return f"{error.heading}:", *(f"  {fault}" for fault in error.faults)


def tell_faults(error: OperatorError) -> None:
    """Print them for whoever typed a command. They may quote what others have written."""
    lines = "\n".join(fault_lines(error)).split("\n")
    print("homedot: " + "\n".join(map(printable, lines)), file=sys.stderr)


def settle() -> None:
    """Give up what was not to be written until now. With anything left Python's end would be a failure."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), stream.fileno())


class Lines:
    """The log as people and machines read it: on our output, of `log.level` and worse, in `log.format`."""

    def __init__(self, log: Log, descriptor: int = 1, patience_s: float = 0.0) -> None:
        self._format = FORMATS[log.format]
        self._least = LEVELS[log.level]
        self._output = LossyOutput(descriptor, self._told, patience_s)
        self.look = self._output.tell

    def tell(self, program: str, level: int, text: str) -> None:
        """Write each line of `text`, unless nobody takes it."""
        if level >= self._least:
            at = datetime.now(UTC)
            self._output.write("".join(self._format(at, program, level, line) for line in text.splitlines()))

    def show(self, text: str, instead: str) -> None:
        """Write `text` as it is, for people; where machines read, `instead` of it."""
        if self._format is not FORMATS["text"]:
            self.tell(_US, logging.INFO, instead)
        elif self._least <= logging.INFO:
            self._output.write(text)

    def _told(self, lost: int) -> str:
        return self._format(datetime.now(UTC), _US, logging.WARNING, lines_lost(lost))


def log_to_output(log: Log) -> Lines:
    """For a program that no supervisor listens to: each line as it is read."""
    with suppress(OSError):  # the supervisor will say so, and what to do
        reopen_unblocked(1)
    lines = Lines(log, patience_s=_PATIENCE_S)
    _log_to(lambda level, text: lines.tell(_US, level, text), log.level)
    return lines


def lines_lost(count: int) -> str:
    return f"{count} line{'s' if count > 1 else ''} of the log lost: nobody took them"


def log_to_supervisor(log: Log) -> LossyOutput:
    """Each line with its priority, for the supervisor to write in its form; one that has no room is nobody's concern.

    Returns where they go, for what is not worth a record of its own.
    """
    unblock_pipe(2)
    output = LossyOutput(2, lambda lost: prioritized(logging.WARNING, lines_lost(lost)))
    write = output.write
    _log_to(lambda level, text: write(prioritized(level, text)), log.level)
    return output


def _log_to(tell: Callable[[int, str], None], level: str) -> None:
    logging.basicConfig(level=LEVELS[level], handlers=[_Told(tell)], format="%(message)s")


def end_well_when_asked() -> None:
    """With exit code 0: a program that ended because of the signal itself is told of as one that broke."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


class _Told(logging.Handler):
    def __init__(self, tell: Callable[[int, str], None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._tell(record.levelno, self.format(record))
        except Exception:  # noqa: BLE001 - a fault in the line itself, which is shown and costs that line only
            self.handleError(record)
