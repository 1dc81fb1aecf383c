"""What we print and log. The disk below may be full, or nobody may read it any more: no reason to stop serving."""

import logging
import os
import signal
import sys
from typing import TextIO

from app.errors import OperatorError

EXIT_OPERATOR = 2
"""There is something that the operator must mend."""


def say(text: str) -> None:
    """Print `text` if that is possible."""
    try:
        print(text, flush=True)
    except OSError:
        settle()


def tell_faults(error: OperatorError) -> None:
    """Print each fault on a line of its own."""
    print(f"homedot: {error.heading}:", file=sys.stderr)
    for fault in error.faults:
        print(f"  {fault}", file=sys.stderr)


def settle() -> None:
    """Give up what was not to be written until now. With anything left Python's end would be a failure."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), stream.fileno())


def log_to_stderr(program: str) -> None:
    """Each line as "PROGRAM: text"; one that cannot be written is nobody's concern."""
    logging.basicConfig(level=logging.INFO, handlers=[_Lines(sys.stderr)], format=f"{program}: %(message)s")


def end_well_on_sigterm() -> None:
    """With exit code 0: a program that ended because of the signal itself is told of as one that broke."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


class _Lines(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        # The complaint would have no room either, or stand between the lines once there is some again.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)
