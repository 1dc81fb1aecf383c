"""What happens every minute, or every few seconds, as one table.

The certificate is renewed when due; a new address of this box is followed, and so are a network that came late and a
clock that was set; a copy of the root's keys is kept as unbound knows them.

This process stays for months: what costs memory is imported in a child.
"""

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, cast

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import stamp
from app.host.event_listener import in_child, listen
from app.host.grace_period import GracePeriod
from app.host.wall_clock import WallClock, since_boot_s

from . import bogus, list_files, paths
from .clock_reset import restart
from .findings_log import Findings, FindingsLog
from .look_wanted import LookWanted, wanted
from .notice import News, Watcher, asked
from .output import end_well_when_asked, log_to_supervisor
from .public_name import PublicNameWatcher
from .renewal import STILL_SERVING, renew, situation
from .resolver_mode import chosen_again

HOUR_S = 3600.0
OFTEN = "TICK_5"
"""supervisord's event of every 5 s; the other one that supervisord.conf names is a minute's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One row: it is due when `situation` is another than when it was last done well, and again after `again_after_s`.

    A `situation` of None has nothing to do. It is asked every minute, or every 5 s if `often`, so it is cheap, and
    never raises. `do` is given it, in a child that has `deadline_s`, and says what it found; an OperatorError that it
    raises is a fault.
    """

    name: str
    situation: Callable[[], object]
    do: Callable[[Any], Findings]
    deadline_s: int
    again_after_s: float = math.inf
    often: bool = False
    meanwhile: str = ""
    """What is so as long as there are faults."""


def tasks(settings: Settings, environment: Mapping[str, str]) -> tuple[Task, ...]:
    """All there is to do. A slow disk and a busy Raspberry Pi take seconds; the next minute tries again."""
    clock, grace_period = WallClock(), GracePeriod()
    followed = None if settings.resolver.trust_anchor else paths.followed_anchor(settings)
    return (
        Task(
            name="clock",
            situation=clock.last_reset,
            do=partial(restart, settings),
            deadline_s=30,
        ),
        Task(
            name="certificate",
            situation=partial(situation, settings, grace_period),
            do=lambda _: renew(settings, grace_period),
            deadline_s=45,
            again_after_s=HOUR_S,
            meanwhile=STILL_SERVING,
        ),
        Task(
            name="resolver mode",
            situation=partial(chosen_again, settings),
            do=partial(_look_after_resolver, settings),
            deadline_s=30,
            meanwhile="still resolving as before",
        ),
        Task(
            name="root keys",
            situation=lambda: followed and stamp(followed),
            do=lambda _: _look_after_resolver(settings, None),
            deadline_s=45,
            again_after_s=HOUR_S,
        ),
        Task(
            name="settings",
            situation=lambda: stamp(paths.reload_request(settings)),
            do=lambda _: _reload(settings, environment),
            deadline_s=30,
            meanwhile="going on with the settings of before",
        ),
        Task(
            name="bogus answers",
            situation=partial(bogus.noted, settings),
            do=lambda _: bogus.forget(settings),
            deadline_s=10,
            often=True,
        ),
        Task(
            name="block lists in files",
            situation=partial(list_files.situation, settings),
            do=lambda _: _hand_lists_over(settings),
            deadline_s=30,
            again_after_s=HOUR_S,
            often=True,
            meanwhile="block lists stay as they are",
        ),
        Task(
            name="notice",
            situation=Watcher(partial(asked, settings), is_told=settings.notify.url is not None).news,
            do=partial(_ask_outside, settings),
            deadline_s=20,
            often=True,
        ),
        Task(
            name="closer look",
            situation=partial(wanted, settings),
            do=partial(_ask_outside, settings),
            deadline_s=40,
            often=True,
        ),
        Task(
            name="forwarders",
            situation=partial(bogus.noted, settings),
            do=partial(_ask_outside, settings),
            deadline_s=30,
        ),
        Task(
            name="public name",
            situation=PublicNameWatcher(settings).situation,
            do=partial(_settle_public_name, settings),
            deadline_s=45,
            again_after_s=HOUR_S,
            often=True,
        ),
    )


class Round:
    """One task, again and again: `tick` is for every minute."""

    def __init__(
        self,
        task: Task,
        in_child: Callable[[str, Callable[[], object], int], object] = in_child,
        monotonic: Callable[[], float] = since_boot_s,
    ) -> None:
        self._task = task
        self._in_child = in_child
        self._monotonic = monotonic
        self._done_for: object = None
        self._again_s = math.inf
        self._findings_log = FindingsLog(task.meanwhile)

    def tick(self) -> None:
        """Do the task if it is due, and tell what it found. Never raises."""
        task, situation = self._task, self._task.situation()
        if situation is None or (situation == self._done_for and self._monotonic() < self._again_s):
            return
        self._done_for = None
        found = cast(
            dict[str, list[str]] | None, self._in_child(task.name, partial(_do, task, situation), task.deadline_s)
        )
        if found is None:
            return
        findings = Findings(**{kind: tuple(lines) for kind, lines in found.items()})
        if not findings.faults:
            self._done_for, self._again_s = situation, self._monotonic() + task.again_after_s
        self._findings_log.tell(findings)


def run(settings: Settings, environment: Mapping[str, str]) -> None:
    """Do it until SIGTERM. `environment` may hold settings of the operator's."""
    log_to_supervisor(settings.log)
    rounds = [(task.often, Round(task)) for task in tasks(settings, environment)]

    def tick(event: str) -> None:
        for often, each in rounds:
            if often == (event == OFTEN):
                each.tick()

    end_well_when_asked()
    listen(sys.stdin.buffer, sys.stdout.buffer, tick)


def _do(task: Task, situation: object) -> dict[str, Any]:
    """In the child: what was found, as JSON can hold it."""
    try:
        return asdict(task.do(situation))
    except OperatorError as error:
        return asdict(Findings(faults=error.faults))


def _look_after_resolver(settings: Settings, asked: dict[str, Any] | None) -> Findings:
    from . import resolver  # in a child: it needs asyncio and more

    return resolver.keep_anchor(settings) if asked is None else resolver.follow(settings, asked)


def _reload(settings: Settings, environment: Mapping[str, str]) -> Findings:
    from . import reloading  # in a child: it may need the parser of YAML

    return reloading.reload(settings, environment)


def _hand_lists_over(settings: Settings) -> Findings:
    list_files.hand_over(settings, list_files.followed(settings))
    return Findings()


def _settle_public_name(settings: Settings, situation: dict[str, Any]) -> Findings:
    from . import public_side  # in a child: it needs the certificate library

    return public_side.settle(settings, situation)


def _ask_outside(settings: Settings, reason: object) -> Findings:
    """Tell news, or find out why names do not resolve, or who of the forwarders leaves signatures out."""
    from . import closer_look, forwarders, notify  # in a child: they need asyncio and more

    if isinstance(reason, News):
        return notify.tell(settings, reason)
    return closer_look.look(settings, reason) if isinstance(reason, LookWanted) else forwarders.blame(settings)
