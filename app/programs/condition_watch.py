"""The front door's watch over the state of this box: what all workers saw goes in, one condition comes out.

The judge decides what is to be done; here it is done. Who looks for a cause is upkeep, which is told by a file that is
touched, and answers with one: docs/decisions/0035-one-condition.md.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from functools import partial
from time import monotonic, time
from typing import Any

from app.answer.evidence import Evidence, MissKind, Seen
from app.answer.upstream import Upstream
from app.config.settings import Settings
from app.doctor.condition import Condition, ConditionKind
from app.doctor.judgement import Cause, Judge, OwnAnswer, Sight, Trouble, Wishes
from app.errors import OperatorError
from app.files import read_regular, stamp

from . import paths
from .own_question import OwnQuestions

log = logging.getLogger("homedot")

LOOK_S = 1.0
MOST_CAUSE_OCTETS = 1 << 16


def of(settings: Settings, evidence: Evidence, upstream: Upstream) -> "ConditionWatch":
    """A watch that asks its own questions of `upstream`."""
    is_forwarding = partial(_forwards, settings)
    return ConditionWatch(settings, evidence, OwnQuestions(upstream, is_forwarding), is_forwarding)


def _forwards(settings: Settings) -> bool:
    try:
        return paths.read_enrolment(settings).resolver == "forward"
    except OperatorError as error:
        log.debug("%s", error)
        return False


class ConditionWatch:
    """`evidence` is of all workers. `forwards` says whether unbound asks forwarders."""

    def __init__(self, settings: Settings, evidence: Evidence, own: OwnQuestions, forwards: Callable[[], bool]) -> None:
        self._evidence = evidence
        self._own = own
        self._forwards = forwards
        self._wish, self._found = paths.look_wish(settings), paths.closer_look(settings)
        self._names = ", ".join(each.tls_name or str(each.address) for each in settings.resolver.forward)
        self._judge = Judge(monotonic(), self._fallback)
        self._tasks: set[asyncio.Task[None]] = set()
        self._wished_s = 0.0
        self._looked_at: object = None
        self._told: tuple[object, ...] = (ConditionKind.CANNOT_TELL, "")

    def now(self) -> Condition:
        return self._judge.condition(_local_now())

    def tick(self) -> None:
        """Look at what has happened; each LOOK_S, in a running loop."""
        self._take_cause()
        wishes = self._judge.tick(monotonic(), time(), sight(self._evidence.seen()))
        if wishes.ping:
            self._begin(self._ping())
        if wishes.ask:
            self._begin(self._ask())
        self._tell()

    async def _ping(self) -> None:
        has_answered = await self._own.ping()
        self._judge.ponged(monotonic(), time(), has_answered=has_answered)
        self._tell()

    async def _ask(self) -> None:
        answer = OwnAnswer.NOTHING
        try:
            answer = await self._own.ask()
        finally:
            self._follow(self._judge.answered(answer, monotonic(), time()))
        self._tell()

    def _begin(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _follow(self, wishes: Wishes) -> None:
        if wishes.look:
            self._wished_s = monotonic()
            with suppress(OSError):  # a full disk costs the cause
                self._wish.touch()

    def _take_cause(self) -> None:
        """What upkeep has found, if that is new and an answer to the last wish."""
        changed = stamp(self._found)
        if changed is None or changed == self._looked_at:
            return
        self._looked_at = changed
        try:
            found = json.loads(read_regular(self._found, MOST_CAUSE_OCTETS))
            cause, begun_s = Cause(ConditionKind(found["kind"]), found["about"], found["remark"]), found["begun_s"]
        except (OSError, ValueError, LookupError, TypeError) as error:
            log.debug("%s: %s", self._found, error)
            return
        if begun_s >= self._wished_s:
            self._judge.looked(cause, monotonic(), time())

    def _fallback(self, answer: OwnAnswer) -> Cause:
        is_bogus, is_forwarding = answer is OwnAnswer.BOGUS, self._forwards()
        if answer is OwnAnswer.REACHED:
            return Cause(ConditionKind.WELL)
        if answer is OwnAnswer.PROVEN:
            return Cause(ConditionKind.REWRITTEN)  # which lets names through, and only a closer look sees its end
        if is_forwarding:
            of_forwarder = ConditionKind.FORWARDER_NOT_VALIDATING if is_bogus else ConditionKind.FORWARDER_SILENT
            return Cause(of_forwarder, self._names)
        return Cause(ConditionKind.REWRITTEN if is_bogus else ConditionKind.UNREACHABLE)

    def _tell(self) -> None:
        """One line for each change."""
        now = _local_now()
        condition = self._judge.condition(now)
        told = (condition.kind, condition.sentence, *([condition.remark] if condition.is_well else []))
        if told == self._told:
            return
        self._told = told
        if condition.kind is not ConditionKind.CANNOT_TELL:
            log.log(logging.INFO if condition.is_well else logging.WARNING, "condition: %s", condition.text(now))


def sight(seen: Seen) -> Sight:
    """For the judge, who knows nothing of how answers come."""
    troubles = tuple(
        Trouble(each.at_s, each.domain, each.kind is MissKind.BOGUS, each.kind is MissKind.STALE)
        for each in seen.misses
    )
    return Sight(seen.heard_s, seen.reached_s, seen.recovered_s, troubles)


def _local_now() -> datetime:
    return datetime.now().astimezone()
