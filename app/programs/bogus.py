"""What unbound found bogus is kept for a moment only.

A forwarder, or the network, that leaves signatures out for three seconds makes unbound refuse a zone for a minute, and
all names if that zone is the root. So the front door notes that answers were bogus, and upkeep, every few seconds while
it does, has unbound forget them: docs/decisions/0024-bogus-for-a-moment.md.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

from app.config.settings import Settings
from app.errors import UpstreamError
from app.files import stamp
from app.unbound.control import forget_bogus

from . import paths, users
from .findings_log import Findings

_NOTED_EVERY_S = 1.0


class Mark:
    """Touches `path` at most once a second."""

    def __init__(self, path: Path, monotonic: Callable[[], float] = monotonic) -> None:
        self._path = path
        self._monotonic = monotonic
        self._next_s = 0.0

    def note(self) -> None:
        """An answer was bogus. Never raises: a full disk costs the note."""
        now_s = self._monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + _NOTED_EVERY_S
            with suppress(OSError):
                self._path.touch()


def noted(settings: Settings) -> object:
    """Another value when answers were bogus since; None while none ever was. Cheap, for every few seconds."""
    return stamp(paths.bogus_mark(settings))


def forget(settings: Settings) -> Findings:
    """Have unbound ask anew. In a child, which becomes unbound's user."""
    users.become(users.UNBOUND)
    try:
        with suppress(OSError):  # it is being started anew, and then knows nothing
            forget_bogus(paths.unbound_control(settings))
    except UpstreamError as error:
        return Findings(warnings=(str(error),))
    return Findings()
