"""Who is told when the state of this box changes, and lasts: `notify.url`.

Upkeep asks the front door how it is, every few seconds, and says in the log when that does not answer.
"""

import json
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from time import monotonic
from typing import NamedTuple

from app.config.settings import Settings
from app.doctor.condition import NO_FRONT_DOOR, Condition, ConditionKind, from_document, of

from . import paths

log = logging.getLogger("homedot")

LASTS_S, APART_S = 120.0, 900.0
_ASK_WITHIN_S = 1.0
_MOST_OCTETS = 1 << 14


class News(NamedTuple):
    """What somebody is to be told, the how manieth it is. `sentence` stands for what has lasted."""

    number: int
    sentence: str


def asked(settings: Settings) -> Condition:
    """What the front door says of itself. Never raises, and takes a second at most: nobody but this waits meanwhile."""
    with suppress(OSError, ValueError, LookupError, TypeError), socket.socket(socket.AF_UNIX) as control:
        control.settimeout(_ASK_WITHIN_S)
        control.connect(str(paths.control_socket(settings)))
        control.sendall(b"condition\n")
        said = control.makefile("rb").readline(_MOST_OCTETS)
        return from_document(json.loads(said.removeprefix(b"ok ")))
    return of(ConditionKind.NOT_ANSWERING, about=NO_FRONT_DOOR)


class Watcher:
    """`news` is for every few seconds. It says in the log when the front door is gone, which that cannot."""

    def __init__(
        self, ask: Callable[[], Condition], monotonic: Callable[[], float] = monotonic, *, is_told: bool = True
    ) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._is_told = is_told
        self._seen: ConditionKind | None = None
        self._seen_since_s = 0.0
        self._is_gone = False
        self._told_kind = ConditionKind.WELL
        self._told_s = -APART_S
        self._news: News | None = None

    def news(self) -> News | None:
        """What is to be told: another value when there is something new; None if there never was. Never raises."""
        condition, now_s = self._ask(), self._monotonic()
        if condition.kind is not self._seen:
            self._seen, self._seen_since_s = condition.kind, now_s
        self._log_absence(condition, now_s)
        has_lasted = now_s - self._seen_since_s >= LASTS_S
        is_new = condition.kind not in (self._told_kind, ConditionKind.CANNOT_TELL)
        if self._is_told and has_lasted and is_new and now_s - self._told_s >= APART_S:
            self._told_kind, self._told_s = condition.kind, now_s
            number = 1 if self._news is None else self._news.number + 1
            self._news = News(number, condition.text(datetime.now().astimezone()))
        return self._news

    def _log_absence(self, condition: Condition, now_s: float) -> None:
        is_gone = condition.kind is ConditionKind.NOT_ANSWERING and condition.since_s is None
        if is_gone and not self._is_gone and now_s - self._seen_since_s > 0:
            self._is_gone = True
            log.warning("condition: %s", condition.text(datetime.now().astimezone()))
        elif not is_gone and self._is_gone:
            self._is_gone = False
            log.info("condition: the front door is back")
