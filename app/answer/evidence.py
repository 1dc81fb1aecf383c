"""What became of the questions that unbound was asked, in memory that all workers share. Pure but for that memory.

As with the counters each worker has a row of its own and is its only writer, so nothing here takes a lock. No names are
kept: of a domain and of a client there is a number, salted at the start, which tells only whether two are the same.
"""

import mmap
from enum import IntEnum
from typing import NamedTuple


class MissKind(IntEnum):
    """How a question came to nothing, or to nothing new. Validation refused the answer; unbound itself was silent; the
    answer is an old one, as nobody gave another; anything else that ends in SERVFAIL."""

    FAILED = 0
    BOGUS = 1
    SILENT = 2
    STALE = 3


class Miss(NamedTuple):
    """One question without a fresh answer, at a monotonic time."""

    at_s: float
    kind: MissKind
    domain: int
    client: int


class Seen(NamedTuple):
    """What all workers saw, in monotonic time, 0 for never: when unbound said anything, when it had an answer from
    outside, and when one to a question that had come to nothing before. `misses` are the last of each worker."""

    heard_s: float = 0.0
    reached_s: float = 0.0
    recovered_s: float = 0.0
    misses: tuple[Miss, ...] = ()


KEPT_MISSES = 32
"""Of each worker: more than are needed to see that they are about several domains."""
_HEARD, _REACHED, _RECOVERED, _MISSED, _FIXED = range(5)
_FIELDS = 4
_BYTES_PER_ROW = (_FIXED + KEPT_MISSES * _FIELDS) * 8
_MS = 1000
_NUMBER_MASK = 0xFFFFFFFF


class Evidence:
    """Make it before the workers are forked, then give each its `row`."""

    def __init__(self, workers: int = 1) -> None:
        self._memory = mmap.mmap(-1, _BYTES_PER_ROW * workers)
        self._rows = [
            memoryview(self._memory)[at : at + _BYTES_PER_ROW].cast("Q")
            for at in range(0, _BYTES_PER_ROW * workers, _BYTES_PER_ROW)
        ]

    def row(self, worker: int) -> "EvidenceRow":
        return EvidenceRow(self._rows[worker])

    def seen(self) -> Seen:
        heard_s, reached_s, recovered_s = (
            max(row[field] for row in self._rows) / _MS for field in (_HEARD, _REACHED, _RECOVERED)
        )
        return Seen(heard_s, reached_s, recovered_s, tuple(miss for row in self._rows for miss in _misses(row)))


class EvidenceRow:
    """One worker's. Times are monotonic, in seconds."""

    __slots__ = ("_row",)

    def __init__(self, row: memoryview) -> None:
        self._row = row

    def heard(self, now_s: float) -> None:
        """unbound said something."""
        self._row[_HEARD] = int(now_s * _MS)

    def reached(self, now_s: float) -> None:
        """It had the answer from outside."""
        self._row[_REACHED] = int(now_s * _MS)

    def recovered(self, now_s: float) -> None:
        """It has an answer now to what came to nothing before."""
        self._row[_RECOVERED] = int(now_s * _MS)

    def missed(self, now_s: float, kind: MissKind, domain: bytes, client: str) -> None:
        """A question of `client` about `domain` got no fresh answer."""
        row = self._row
        at = _FIXED + row[_MISSED] % KEPT_MISSES * _FIELDS
        row[at] = int(now_s * _MS)
        row[at + 1] = kind
        row[at + 2] = hash(domain) & _NUMBER_MASK
        row[at + 3] = hash(client) & _NUMBER_MASK
        row[_MISSED] += 1


def _misses(row: memoryview) -> list[Miss]:
    found = []
    for number in range(min(row[_MISSED], KEPT_MISSES)):
        at = _FIXED + number * _FIELDS
        found.append(Miss(row[at] / _MS, MissKind(row[at + 1]), row[at + 2], row[at + 3]))
    return found
