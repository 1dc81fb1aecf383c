"""How to resolve, chosen again: after a power cut the box is up minutes before the router has a line.

A start that reached nobody leaves its choice unsettled, and upkeep makes it again every minute until somebody is
reached. A settled choice stays until the next start.
"""

from collections.abc import Callable
from typing import Any, cast

from app.config.settings import Settings

from . import paths
from .findings_log import Telling


class Settling:
    """`tick` is for every minute, and does nothing once the choice is settled.

    `ask` returns what the function of that name does, and `follow` follows it; both None if they could not be finished.
    """

    def __init__(
        self, is_settled: Callable[[], bool], ask: Callable[[], object], follow: Callable[[Any], object]
    ) -> None:
        self._is_settled = is_settled
        self._ask = ask
        self._follow = follow
        self._followed: object = None
        self._telling = Telling("still resolving as before")

    def tick(self) -> None:
        """Never raises."""
        if self._is_settled():
            return
        asked = cast(dict[str, Any] | None, self._ask())
        if asked is None or asked == self._followed:
            return
        self._followed = None
        findings = asked if "faults" in asked else cast(dict[str, list[str]] | None, self._follow(asked))
        if findings is None:
            return
        if not findings["faults"]:
            self._followed = asked
        self._telling.tell(findings)


def is_settled(settings: Settings) -> bool:
    """Cheap, for every minute."""
    return not paths.unsettled(settings).exists()
