"""Out of evidence one condition: what must have been seen before this box calls itself anything but well. Pure.

A question that came to nothing is no fault, nor are many about one domain. Questions about two domains that came to
nothing, with no answer from outside between them, are a suspicion; so is a minute without an answer from outside. Then
one question of our own is asked, which must work: `OwnAnswer` is what it gave. Only when that too comes to nothing
somebody looks for the cause, and then this box says what is the matter. A domain that fails while our own question
works is broken by itself, and raises no suspicion for a while.

All times are monotonic seconds but those that are called wall.
"""

from collections.abc import Callable
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

from .condition import NO_UNBOUND, Condition, ConditionKind, clock_time, of

APART_S = 30.0
"""Between two questions of our own; a suspicion need not wait, once, and then later ones wait for longer."""
_MOST_IN_HAND = 2.0
QUIET_AFTER_S = 60.0
ANSWER_WITHIN_S = 4.0
"""For which our own question may take; unbound has repeated it several times by then."""
CAUSE_WITHIN_S = 12.0
"""Upkeep looks every 5 s, and takes a few to look for the cause."""
PONG_WITHIN_S = 2.0
_UNHEARD_S, _PINGS_APART_S, _MOST_LOST = 10.0, 3.0, 3
_RECENT_S = 40.0
_DOMAINS = 2
_EXCUSED_S, _MOST_EXCUSED = 600.0, 256
_OF_VALIDATION = {ConditionKind.FORWARDER_NOT_VALIDATING, ConditionKind.REWRITTEN, ConditionKind.CLOCK_WRONG}
_GOOD = {ConditionKind.WELL, ConditionKind.CANNOT_TELL}


class OwnAnswer(Enum):
    """PROVEN: from outside, and not refused by validation. REACHED: somebody answers, nothing more is known."""

    PROVEN = auto()
    REACHED = auto()
    BOGUS = auto()
    NOTHING = auto()


class Trouble(NamedTuple):
    """A question of a client that got no fresh answer."""

    at_s: float
    domain: int
    is_bogus: bool = False
    is_stale: bool = False


class Sight(NamedTuple):
    """What passed by: when unbound said anything last, when somebody outside, and when a question was answered that had
    come to nothing before; 0 for never."""

    heard_s: float = 0.0
    reached_s: float = 0.0
    recovered_s: float = 0.0
    troubles: tuple[Trouble, ...] = ()


class Cause(NamedTuple):
    """What a closer look has found: WELL if nothing; `about` completes its sentence; `remark` is about what is well."""

    kind: ConditionKind
    about: str = ""
    remark: str = ""


class Wishes(NamedTuple):
    """What is to be done now: ask unbound for what it knows itself, ask our own question, look for the cause."""

    ping: bool = False
    ask: bool = False
    look: bool = False


class Judge:
    """`fallback` says what it is when nobody found out why our own question gave this answer."""

    def __init__(self, now_s: float, fallback: Callable[[OwnAnswer], Cause]) -> None:
        self._fallback = fallback
        self._kind, self._about, self._remark = ConditionKind.CANNOT_TELL, "", ""
        self._since_wall_s: float | None = None
        self._became_s = self._proof_s = now_s
        self._pinged_s = self._ponged_s = self._reached_s = self._heard_s = now_s - QUIET_AFTER_S
        self._is_heard = False
        self._asked_s, self._in_hand, self._in_hand_at_s = now_s - APART_S, _MOST_IN_HAND, now_s
        self._is_asking = False
        self._pings_lost = self._fails_in_a_row = 0
        self._undecided: OwnAnswer | None = None
        self._undecided_until_s = 0.0
        self._troubles: list[Trouble] = []
        self._excused: dict[int, float] = {}
        self._stale_since_wall_s: float | None = None

    # --- what is seen ------------------------------------------------------------------------------------------------

    def tick(self, now_s: float, wall_s: float, sight: Sight) -> Wishes:
        """For each second."""
        self._reached_s = max(self._reached_s, sight.reached_s)
        self._heard_s = max(self._heard_s, sight.heard_s)
        self._is_heard |= sight.heard_s > 0
        self._take(sight, now_s, wall_s)
        if self._undecided and now_s >= self._undecided_until_s:
            self._decide(self._fallback(self._undecided), now_s, wall_s)
        ping = self._wants_ping(now_s)
        ask = self._wants_to_ask(now_s)
        if ask:
            self._asked_s, self._is_asking, self._in_hand = now_s, True, self._in_hand - 1
        return Wishes(ping, ask)

    def ponged(self, now_s: float, wall_s: float, *, has_answered: bool) -> None:
        """What became of a ping."""
        if not has_answered:
            self._pings_lost += 1
            if self._pings_lost >= _MOST_LOST:
                self._become(ConditionKind.NOT_ANSWERING, NO_UNBOUND, now_s, wall_s)
            return
        self._ponged_s, self._pings_lost, self._is_heard = now_s, 0, True
        if self._kind is ConditionKind.NOT_ANSWERING:
            self._become(ConditionKind.CANNOT_TELL, "", now_s, wall_s)

    def answered(self, answer: OwnAnswer, now_s: float, wall_s: float) -> Wishes:
        """What our own question gave."""
        self._is_asking = False
        is_doubtful = self._kind in _OF_VALIDATION or len({each.domain for each in self._recent(now_s, bogus=True)}) > 1
        is_proof = answer is OwnAnswer.PROVEN and self._kind is not ConditionKind.REWRITTEN  # which lets names through
        if is_proof or (answer is OwnAnswer.REACHED and not is_doubtful):
            self._proven(now_s, wall_s)
            return Wishes()
        if self._kind is ConditionKind.NOT_ANSWERING or self._pings_lost:
            return Wishes()
        self._fails_in_a_row += answer in (OwnAnswer.BOGUS, OwnAnswer.NOTHING)
        self._undecided, self._undecided_until_s = answer, now_s + CAUSE_WITHIN_S
        return Wishes(look=True)

    def looked(self, cause: Cause, now_s: float, wall_s: float) -> None:
        """What somebody has found who was wished to look, or looked by himself."""
        self._remark = cause.remark
        if self._undecided:
            self._decide(cause, now_s, wall_s)
        elif cause.kind is ConditionKind.REWRITTEN:
            self._become(cause.kind, cause.about, now_s, wall_s)

    def condition(self, now: datetime) -> Condition:
        """As it is `now` (aware, in the zone of those who read it)."""
        remark = self._remark if self._kind is ConditionKind.WELL else ""
        if self._kind not in _GOOD and self._stale_since_wall_s is not None:
            remark = f"old answers bridge it since {clock_time(self._stale_since_wall_s, now)}"
        return of(self._kind, self._since_wall_s, self._about, remark)

    # --- what follows ------------------------------------------------------------------------------------------------

    def _take(self, sight: Sight, now_s: float, wall_s: float) -> None:
        if self._kind is ConditionKind.NOT_ANSWERING:
            if sight.heard_s > self._became_s:
                self.ponged(now_s, wall_s, has_answered=True)
            return
        if self._kind not in _GOOD:
            if sight.recovered_s > self._became_s and self._kind is not ConditionKind.REWRITTEN:
                self._proven(now_s, wall_s)
        elif sight.reached_s > self._proof_s and self._undecided is None:
            self._proof_s, self._fails_in_a_row = sight.reached_s, 0
            self._become(ConditionKind.WELL, "", now_s, wall_s)
        self._note_troubles(sight, now_s, wall_s)

    def _note_troubles(self, sight: Sight, now_s: float, wall_s: float) -> None:
        """Those since it was proven last that it works."""
        self._troubles = [each for each in sight.troubles if each.at_s > self._proof_s]
        stale = [each.at_s for each in self._troubles if each.is_stale and each.at_s > now_s - _RECENT_S]
        if not stale and self._kind in _GOOD:
            self._stale_since_wall_s = None
        elif stale and self._stale_since_wall_s is None:
            self._stale_since_wall_s = wall_s - (now_s - min(stale))

    def _recent(self, now_s: float, *, bogus: bool = False) -> list[Trouble]:
        """Troubles that may be more than a broken domain's."""
        return [
            each
            for each in self._troubles
            if each.at_s > now_s - _RECENT_S
            and self._excused.get(each.domain, 0.0) <= now_s
            and (each.is_bogus or not bogus)
        ]

    def _wants_ping(self, now_s: float) -> bool:
        heard_s = max(self._heard_s, self._ponged_s)
        if now_s - heard_s < _UNHEARD_S or now_s - self._pinged_s < _PINGS_APART_S:
            return False
        self._pinged_s = now_s
        return True

    def _wants_to_ask(self, now_s: float) -> bool:
        self._in_hand = min(self._in_hand + (now_s - self._in_hand_at_s) / APART_S, _MOST_IN_HAND)
        self._in_hand_at_s = now_s
        if self._is_asking or self._pings_lost or not self._is_heard or self._in_hand < 1:
            return False
        if self._kind is ConditionKind.WELL and len({each.domain for each in self._recent(now_s)}) >= _DOMAINS:
            return True
        is_due = self._kind is not ConditionKind.WELL or now_s - self._reached_s >= QUIET_AFTER_S
        return is_due and now_s - self._asked_s >= APART_S

    def _proven(self, now_s: float, wall_s: float) -> None:
        """It works: who failed nevertheless is broken by itself."""
        for each in self._recent(now_s):
            self._excused.pop(each.domain, None)
            self._excused[each.domain] = now_s + _EXCUSED_S
        for domain in list(self._excused)[:-_MOST_EXCUSED]:
            del self._excused[domain]
        if self._kind not in _GOOD:
            self._excused.clear()  # what failed in between failed for another reason
        self._proof_s, self._fails_in_a_row, self._undecided, self._troubles = now_s, 0, None, []
        self._become(ConditionKind.WELL, "", now_s, wall_s)

    def _decide(self, cause: Cause, now_s: float, wall_s: float) -> None:
        answer, self._undecided = self._undecided, None
        if answer in (OwnAnswer.PROVEN, OwnAnswer.REACHED) and cause.kind not in _OF_VALIDATION:
            self._proven(now_s, wall_s)
        elif cause.kind not in _GOOD:
            self._become(cause.kind, cause.about, now_s, wall_s)
        elif self._fails_in_a_row > 1:
            self._become(ConditionKind.UNREACHABLE, "", now_s, wall_s)

    def _become(self, kind: ConditionKind, about: str, now_s: float, wall_s: float) -> None:
        if kind is self._kind:
            self._about = about
            return
        is_end = kind in _GOOD
        begun_s = now_s if is_end else min([now_s, *(each.at_s for each in self._recent(now_s))])
        self._kind, self._about, self._became_s = kind, about, now_s
        self._since_wall_s = wall_s - (now_s - begun_s)
