"""What the answers of all workers were, in memory that they share: numbers by labels of which none is a client's word.

Each worker has a row and is its only writer. Every half second it adds what its pipelines have counted since, so that
nothing here costs a query anything.
"""

import mmap
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any, final

from app.answer.tally import BOUNDS_S, AnswerOutcome, Tally
from app.answer.wire import Rcode

TRANSPORTS = ("dot", "tcp", "udp")
RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "BADVERS", "other")
SOURCES = ("cache", "unbound", "stale", "here", "failed")
"""Where answers come from; `here` is what is decided in this box, also that something is refused."""
VALIDATIONS = ("secure", "insecure", "bogus", "unchecked")

_SOURCE = {
    AnswerOutcome.ANSWERED: "unbound",
    AnswerOutcome.STALE: "stale",
    AnswerOutcome.LOCAL: "here",
    AnswerOutcome.BLOCKED: "here",
    AnswerOutcome.REFUSED: "here",
    AnswerOutcome.FAILED: "failed",
}
_NAMES = {int(rcode): rcode.name for rcode in Rcode}
_BUCKETS = (*map(str, BOUNDS_S), "+Inf")
_US = "us"
_BYTES_PER_NUMBER = 8

Cell = tuple[str, ...]
"""The name of a metric, and the values of its labels."""


def _cells(lists: int) -> Iterable[Cell]:
    yield from product(("answers",), TRANSPORTS, RCODES)
    yield from product(("answer_duration_seconds",), SOURCES, (*_BUCKETS, _US))
    yield from product(("validations",), VALIDATIONS)
    yield from product(("blocked",), map(str, range(lists + 1)))
    yield from (("cache_entries",), ("cache_bytes",))


@final
class AnswerCounts:
    """The rows of `workers` workers, for so many `lists`, which are numbered from 1 on; 0 is `blocking.deny`. Make it
    before they are forked."""

    def __init__(self, workers: int = 1, lists: int = 0) -> None:
        self._at = {cell: number for number, cell in enumerate(_cells(lists))}
        self._row_bytes = len(self._at) * _BYTES_PER_NUMBER
        self._memory = mmap.mmap(-1, self._row_bytes * workers)
        self._workers = workers

    def row(self, worker: int) -> "AnswerRow":
        """What `worker` alone writes."""
        return AnswerRow(self._at, self._numbers(worker))

    def totals(self) -> dict[str, Any]:
        """By the name of the metric: the numbers by the values of its labels, these joined with blanks.

        Of a duration each bucket has its own, by its upper end, and then come the microseconds of all.
        """
        rows = [self._numbers(worker) for worker in range(self._workers)]
        found: dict[str, Any] = {}
        for (name, *labels), at in self._at.items():
            found.setdefault(name, {})[" ".join(labels)] = sum(row[at] for row in rows)
        return found

    def _numbers(self, worker: int) -> memoryview:
        begin = worker * self._row_bytes
        return memoryview(self._memory)[begin : begin + self._row_bytes].cast("Q")


@final
class AnswerRow:
    """One worker's numbers."""

    def __init__(self, at: Mapping[Cell, int], numbers: memoryview) -> None:
        self._at = at
        self._numbers = numbers

    def take(self, transport: str, tallies: Iterable[Tally], lists: Mapping[str, int], turn_s: float) -> None:
        """Add what `tallies` have, and set them to zero.

        `lists` has the number of each title. Hits look at no clock: they are said to have taken `turn_s`, which is how
        long the event loop just took to serve all who waited.
        """
        for tally in tallies:
            given = tally.hits + tally.misses
            if not given:
                continue
            said, name = tally.said, _NAMES.get(tally.rcode, "other")
            self._add(("answers", transport, name), given)
            if said.outcome is AnswerOutcome.BLOCKED:
                number = str(lists.get(said.why, 0))
                self._add(("blocked", number), given)
            elif tally.misses and ("validations", said.why) in self._at:
                self._add(("validations", said.why), tally.misses)
            self._add_durations("cache", _bucket(turn_s, tally.hits), turn_s * tally.hits)
            self._add_durations(_SOURCE[said.outcome], tally.waited, tally.waited_s)
            tally.hits, tally.waited, tally.waited_s = 0, [0] * len(tally.waited), 0.0

    def set_cache(self, entries: int, octets: int) -> None:
        """How much is in the caches of this worker now."""
        self._numbers[self._at["cache_entries",]] = entries
        self._numbers[self._at["cache_bytes",]] = octets

    def _add_durations(self, source: str, counts: list[int], seconds: float) -> None:
        for bucket, count in zip(_BUCKETS, counts, strict=True):
            if count:
                self._add(("answer_duration_seconds", source, bucket), count)
        self._add(("answer_duration_seconds", source, _US), round(seconds * 1e6))

    def _add(self, cell: Cell, count: int) -> None:
        self._numbers[self._at[cell]] += count


def _bucket(seconds: float, count: int) -> list[int]:
    counts = [0] * len(_BUCKETS)
    counts[next((at for at, bound in enumerate(BOUNDS_S) if seconds <= bound), len(BOUNDS_S))] = count
    return counts
