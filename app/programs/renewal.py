"""When upkeep must look closely.

A close look loads the certificate library, which on a Raspberry Pi takes a second: not every minute.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, cast

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import stamp
from app.host import addresses
from app.host.grace_period import Lingering
from app.host.wall_clock import LEAST_S, WallClock, since_boot_s
from app.lists import places as list_places
from app.trust import clock

from . import paths
from .findings_log import Telling

LOOK_AT_LEAST_EVERY_S = 3600.0
STILL_SERVING = "still serving the previous certificate"


class Renewal:
    """`tick` is for every minute. It looks when `situation` differs, when the last look failed, and every hour.

    `look` returns {"faults": [...], "news": [...], "warnings": [...]}, or None if it could not be finished.
    """

    def __init__(
        self,
        situation: Callable[[], object],
        look: Callable[[], object],
        monotonic: Callable[[], float] = since_boot_s,
    ) -> None:
        self._situation = situation
        self._look = look
        self._monotonic = monotonic
        self._seen: object = None
        self._next_s = 0.0
        self._telling = Telling(STILL_SERVING)

    def tick(self) -> None:
        """Never raises."""
        situation = self._situation()
        if situation == self._seen and self._monotonic() < self._next_s:
            return
        self._seen = None
        findings = cast(dict[str, list[str]] | None, self._look())
        if findings is None:
            return
        if not findings["faults"]:
            self._seen, self._next_s = situation, self._monotonic() + LOOK_AT_LEAST_EVERY_S
        self._telling.tell(findings)


def situation(settings: Settings, lingering: Lingering) -> object:
    """All that a close look depends on, but for a certificate's age. `lingering` sees the addresses that are there."""
    tls = settings.tls
    # The lock of the lists is never written to: it tells whether their folder is still there.
    lists = list_places.turn(paths.lists(settings))
    watched = (*paths.authority_files(settings), paths.pair(settings), tls.certificate, tls.key, lists)
    # A clock that was set, forward or back, makes another of it; one that is only kept right hardly ever does.
    date = clock.now() is not None, WallClock().lead_s() // LEAST_S
    return _addresses(settings, lingering), lingering.expected(), date, [stamp(path) for path in watched if path]


def look(settings: Settings, lingering: Lingering) -> dict[str, Any]:
    """The close look. Imports the certificate library, so it is for a child."""
    from .bootstrap import identify

    try:
        return {"faults": [], **asdict(identify(settings, lingering))}
    except OperatorError as error:
        return {"faults": error.faults, "news": [], "warnings": []}


def _addresses(settings: Settings, lingering: Lingering) -> object:
    try:
        found = addresses.effective(settings.addresses)
        lingering.see(found)
        return found
    except OperatorError as error:
        return error.faults
    except OSError as error:
        return error.strerror
