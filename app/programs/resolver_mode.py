"""How to resolve, chosen again: after a power cut the box is up minutes before the router has a line.

A start that reached nobody leaves its choice unsettled, and upkeep makes it again every minute until somebody is
reached. A settled choice stays until the next start.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, cast

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import write_atomically

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
        self._telling = Telling()

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


def ask(settings: Settings) -> dict[str, Any]:
    """Ask the network: a choice as a dictionary, or findings with faults. For a child, which then is unbound's user."""
    from . import resolver

    try:
        resolver.become_unbound()
        return asdict(resolver.choose(settings))
    except OperatorError as error:
        return _findings(faults=error.faults)


def follow(settings: Settings, asked: dict[str, Any]) -> dict[str, Any]:
    """Resolve as a choice says, and tell everybody. Returns findings. For a child: its imports are many."""
    from app.host.supervision import restart_unbound
    from app.trust import disk
    from app.unbound.reach import Choice

    from . import resolver

    choice, path = Choice(**asked), paths.enrolment(settings)
    news, warnings = list[str](), list[str]()
    try:
        before = paths.read_enrolment(settings)
        if choice.mode != before.resolver:
            warnings = resolver.prepare(settings, choice.mode)
            restart_unbound(paths.supervisor_pid(settings))
        with disk.write_faults(path):
            after = replace(before, resolver=choice.mode, resolver_reason=choice.reason)
            write_atomically(path, after.to_json().encode())
        resolver.note(settings, choice)
    except OperatorError as error:
        return _findings(faults=error.faults)
    if choice.settled:
        became = "stays" if choice.mode == before.resolver else f"was {before.resolver} and is now"
        news = [f"the network is there: the resolver {became} {choice.mode}: {choice.reason}"]
    return _findings(news=news, warnings=warnings)


def _findings(
    news: Sequence[str] = (), warnings: Sequence[str] = (), faults: Sequence[str] = ()
) -> dict[str, list[str]]:
    return {"news": list(news), "warnings": list(warnings), "faults": list(faults)}
