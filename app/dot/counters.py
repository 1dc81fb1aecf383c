"""What the front door counts. Pure but for the memory it shares.

The numbers live in memory that all workers share: each has a row of its own and is its only writer, so counting takes
no lock; the sum over the rows is the whole.
"""

import mmap
from collections.abc import Mapping
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
    HANDSHAKES_LEFT = auto()
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
    CACHE_HITS = auto()
    CACHE_MISSES = auto()
    WORKERS_LOST = auto()


MEANINGS: Mapping[Count, str] = {
    Count.ACCEPTED: "connections that were let in",
    Count.REFUSED_NOT_ALLOWED: "connections and datagrams that `dot.allow_from` or `plain.allow_from` kept out",
    Count.EVICTED: "connections that were closed to make room for a newcomer",
    Count.ACCEPT_ERRORS: "times that no connection could be accepted, as for want of file descriptors",
    Count.HANDSHAKES_FULL: "whole handshakes of TLS",
    Count.HANDSHAKES_RESUMED: "handshakes of TLS that resumed an older session",
    Count.HANDSHAKES_FAILED: "handshakes of TLS that came to nothing",
    Count.HANDSHAKES_LEFT: "connections that left before their handshake of TLS was over",
    Count.ALPN_REFUSED: "clients that spoke another protocol than DNS over TLS (ALPN)",
    Count.TIMED_OUT: "connections that were closed because they were slow or idle",
    Count.LEFT_UNREAD: "connections that were ended because they did not read their answers",
    Count.QUERIES: "questions over TLS, and in plain DNS over TCP",
    Count.QUERIES_NOT_CACHED: "questions over TLS, and in plain DNS over TCP, that the cache could not answer",
    Count.QUERIES_PLAIN: "questions in plain DNS over UDP, as nearly all plain ones are",
    Count.QUERIES_BLOCKED: "questions about a name on a list, or in `blocking.deny`",
    Count.QUERIES_LOCAL: "questions about names at home and special names",
    Count.QUERIES_LIMITED: "questions in plain DNS over UDP that were not answered, for `plain.queries_per_second`",
    Count.CERTIFICATE_CHANGES: "certificates that were taken while it ran",
    Count.CERTIFICATE_REFUSED: "certificates that could not be taken",
    Count.CACHE_HITS: "answers from the cache of the front door",
    Count.CACHE_MISSES: "answers that the cache of the front door did not have",
    Count.WORKERS_LOST: "processes of `dot.workers` that ended and were started anew",
}
"""What each counts, for people."""

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
