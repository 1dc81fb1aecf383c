"""What was answered, counted by what it was and how long it took. Pure.

An answer that is kept leads to its tally, so that a hit adds one to a number, and neither parses nor looks at a clock.
"""

from enum import StrEnum
from typing import NamedTuple, final

from .policy import BLOCKING, Kind, NameVerdict
from .wire import AD, CD, Rcode

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""The upper ends of the buckets of a histogram, in seconds; one more has what took longer."""


class AnswerOutcome(StrEnum):
    """What a client was told."""

    ANSWERED = "answered"
    """By unbound, also that there is no such name."""
    STALE = "stale"
    """By unbound, as it was once: nobody could be asked (RFC 8767)."""
    LOCAL = "local"
    BLOCKED = "blocked"
    REFUSED = "refused"
    """It was no question that anybody gets an answer to."""
    FAILED = "failed"
    """SERVFAIL."""


@final
class Said(NamedTuple):
    """An outcome and why: how far an answer is validated, which list or setting has blocked a name."""

    outcome: AnswerOutcome
    why: str = ""


SECURE, INSECURE, UNCHECKED = (Said(AnswerOutcome.ANSWERED, why) for why in ("secure", "insecure", "unchecked"))
"""As RFC 4035 4.3 has it; unchecked is what the client wanted so (CD)."""
BY_FLAGS = {0: INSECURE, AD: SECURE, CD: UNCHECKED, CD | AD: UNCHECKED}
"""By CD of the question and AD of unbound's answer."""
CHANGED = Said(AnswerOutcome.ANSWERED, "changed")
"""What unbound's answer was made into: by who filters upstream, or because it leads into the home."""
BOGUS, FAILED = Said(AnswerOutcome.FAILED, "bogus"), Said(AnswerOutcome.FAILED)
STALE, LOCAL, REFUSED = Said(AnswerOutcome.STALE), Said(AnswerOutcome.LOCAL), Said(AnswerOutcome.REFUSED)

_LOCAL_KINDS = frozenset({Kind.SPECIAL, Kind.LOCAL, Kind.RESERVED})
_FREQUENT = [(said, rcode) for said in (SECURE, INSECURE) for rcode in (Rcode.NOERROR, Rcode.NXDOMAIN)]
"""Nearly all answers are of these."""


def said_by(verdict: NameVerdict) -> Said:
    """What an answer of ours is that a verdict led to."""
    if verdict.kind in BLOCKING:
        return Said(AnswerOutcome.BLOCKED, verdict.title)
    return LOCAL if verdict.kind in _LOCAL_KINDS else CHANGED


@final
class Tally:
    """Answers of one kind: `hits` came from the cache; of the others `waited` has how many there are in each bucket,
    and `waited_s` how long they took together."""

    __slots__ = ("hits", "rcode", "said", "waited", "waited_s")

    def __init__(self, said: Said = LOCAL, rcode: int = 0) -> None:
        self.said = said
        self.rcode = rcode
        self.hits = 0
        self.waited = [0] * (len(BOUNDS_S) + 1)
        self.waited_s = 0.0

    @property
    def misses(self) -> int:
        return sum(self.waited)


@final
class Tallies(dict[tuple[Said, int], Tally]):
    """One for each kind of answer that there was: what was said, and with which RCODE. They are as many as there are
    lists, and a few more: whoever replaces the lists begins with new ones."""

    def __init__(self) -> None:
        super().__init__({kind: Tally(*kind) for kind in _FREQUENT})

    def __missing__(self, kind: tuple[Said, int]) -> Tally:
        tally = self[kind] = Tally(*kind)
        return tally
