"""What we print and log. The disk below may be full, or nobody may read it any more: no reason to stop serving."""

import logging
import os
import sys
from typing import TextIO


def say(text: str) -> None:
    """Print `text` if that is possible."""
    try:
        print(text, flush=True)
    except OSError:
        settle()


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


class _Lines(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        # The complaint would have no room either, or stand between the lines once there is some again.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)
