"""What the front door counts. Pure but for the memory it shares.

The numbers live in memory that all workers share: each has a row of its own and is its only writer, so counting takes
no lock; the sum over the rows is the whole.
"""

import mmap
from enum import IntEnum, auto


class Count(IntEnum):
    """One number each, which only goes up; the name is the metric's name."""

    ACCEPTED = 0
    REFUSED_NOT_ALLOWED = auto()
    EVICTED = auto()
    ACCEPT_ERRORS = auto()
    HANDSHAKES_FULL = auto()
    HANDSHAKES_RESUMED = auto()
    HANDSHAKES_FAILED = auto()
    ALPN_REFUSED = auto()
    TIMED_OUT = auto()
    LEFT_UNREAD = auto()
    QUERIES = auto()
    QUERIES_NOT_CACHED = auto()
    QUERIES_PLAIN = auto()
    QUERIES_BLOCKED = auto()
    QUERIES_LOCAL = auto()
    QUERIES_LIMITED = auto()
    CERTIFICATE_CHANGES = auto()
    CERTIFICATE_REFUSED = auto()


_BYTES_PER_ROW = len(Count) * 8


class Counters:
    """The rows of `workers` workers. Make it before they are forked, then give each its `row`."""

    def __init__(self, workers: int = 1) -> None:
        self._memory = mmap.mmap(-1, _BYTES_PER_ROW * workers)
        self._workers = workers

    def row(self, worker: int) -> memoryview:
        """The numbers that `worker` alone writes: `row[Count.QUERIES] += 1`."""
        return memoryview(self._memory)[worker * _BYTES_PER_ROW : (worker + 1) * _BYTES_PER_ROW].cast("Q")

    def total(self, count: Count) -> int:
        return sum(self.row(worker)[count] for worker in range(self._workers))

    def totals(self) -> dict[str, int]:
        """Every number by its name in lower case."""
        return {count.name.lower(): self.total(count) for count in Count}
