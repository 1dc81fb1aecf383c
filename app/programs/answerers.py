"""The pipelines of one worker: one for each transport, with what is kept, counted and logged of its answers."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from time import monotonic, perf_counter
from typing import final

from app.answer.cache import Cache
from app.answer.pipeline import Pipeline
from app.answer.querylog import LoggedPipeline, QueryLog
from app.answer.ruleset import Ruleset
from app.answer.tally import AnswerOutcome
from app.config.settings import Settings
from app.dot.admission import allowing
from app.dot.counters import Count
from app.host.relay import priority

from .answer_counts import TRANSPORTS, AnswerRow
from .exposure import logs_queries
from .owner_in_force import RuledAnswerer
from .rules import RulesetWatcher

DOT, TCP, UDP = TRANSPORTS
APART_CACHE_BYTES = 2 * 1024 * 1024
"""Of all paused devices together; made when the first one is."""
_MOST_CACHE_BYTES = {DOT: 16 * 1024 * 1024, TCP: 1024 * 1024, UDP: 3 * 1024 * 1024}
"""Answers without TLS are not padded, so none goes from one to another. Over TCP plain DNS asks what is long."""


@final
class Answerers:
    """Made by `make` out of a cache and `rules`' ruleset, for plain DNS too where that is enabled. `by_transport` is
    who answers, `count` and `row` are this worker's numbers; `write` takes lines of the log."""

    def __init__(
        self,
        settings: Settings,
        make: Callable[..., Pipeline],
        rules: RulesetWatcher,
        write: Callable[[str], object],
        count: memoryview,
        *,
        row: AnswerRow,
    ) -> None:
        self._make, self._rules = make, rules
        self._count, self._row = count, row
        self._lists = rules.numbers
        self._turn_s = 0.0
        self._log = _query_log(settings, write) if logs_queries(settings) else None
        self._pipelines: list[tuple[str, Pipeline]] = []
        self.by_transport = {
            transport: self._another(transport, rules.ruleset, _MOST_CACHE_BYTES[transport])
            for transport in (TRANSPORTS if settings.plain.enabled else (DOT,))
        }

    def apart(self, transport: str, ruleset: Ruleset) -> RuledAnswerer:
        """One more, by another ruleset and with a cache of its own; what it answers is counted and logged as well."""
        return self._another(transport, ruleset, APART_CACHE_BYTES)

    def _another(self, transport: str, ruleset: Ruleset, most_bytes: int) -> RuledAnswerer:
        log = None if self._log is None else self._log.of(transport)
        pipeline = self._make(Cache(most_bytes, monotonic), ruleset=ruleset, encrypted=transport == DOT, log_answer=log)
        self._pipelines.append((transport, pipeline))
        return pipeline if self._log is None else LoggedPipeline(pipeline, self._log.of(transport, cached=True))

    def forget(self) -> None:
        """What was kept may not be so any more."""
        for cache in self._caches():
            cache.clear()

    def tell(self, take_over: Callable[[], None] = lambda: None) -> None:
        """Add to the numbers what was answered since, and write what is to be in the log; `take_over` the next rules
        then, whose lists may have other titles."""
        count, row = self._count, self._row
        for transport, pipeline in self._pipelines:
            for tally in pipeline.tallies.values():
                given = tally.hits + tally.misses
                count[Count.CACHE_HITS] += tally.hits
                count[Count.CACHE_MISSES] += tally.misses
                if transport != UDP:
                    count[Count.QUERIES_NOT_CACHED] += tally.misses
                count[Count.QUERIES_BLOCKED] += given if tally.said.outcome is AnswerOutcome.BLOCKED else 0
                count[Count.QUERIES_LOCAL] += given if tally.said.outcome is AnswerOutcome.LOCAL else 0
            row.take(transport, pipeline.tallies.values(), self._lists, self._turn_s)
        row.set_cache(sum(each.entries for each in self._caches()), sum(each.size_octets for each in self._caches()))
        if self._log is not None:
            self._log.flush()
        take_over()
        self._lists = self._rules.numbers
        asyncio.get_running_loop().call_soon(self._end_turn, perf_counter())

    def _end_turn(self, begun_s: float) -> None:
        """In the next turn of the loop: until now it served everybody who had asked."""
        self._turn_s = perf_counter() - begun_s

    def _caches(self) -> Iterator[Cache]:
        return (pipeline.cache for _, pipeline in self._pipelines)


def _query_log(settings: Settings, write: Callable[[str], object]) -> QueryLog:
    log = settings.log
    clients = [each for each in log.queries_of if not isinstance(each, str)]
    return QueryLog(
        write,
        log.format,
        priority(logging.INFO),
        is_wanted=allowing(clients) if clients else lambda _: True,
        only_blocked="blocked" in log.queries_of,
    )
