"""One worker's pipelines, with real lists and settings; that the programs use them is in test_front."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import dns.message
import pytest

from app.answer.pipeline import Pipeline
from app.dot.contract import Answerer
from app.dot.counters import Count, Counters
from app.lists.paths import compiled
from app.programs import paths
from app.programs.answer_counts import AnswerCounts
from app.programs.answerers import DOT, TCP, UDP, Answerers
from app.programs.rules import RulesetWatcher
from tests.fakes.compiled_list import compiled_list
from tests.fakes.upstream import address_of
from tests.programs.test_rules import LIST, settings

pytestmark = pytest.mark.anyio


class Asker:
    client = "192.168.1.23"

    def how(self) -> dict[str, str | bool | None]:
        return {}

    def here(self) -> str:
        return ""


class Upstream:
    def ask(self, query: bytes, client: str, reply: Callable[[bytes | None], None]) -> None:
        reply(address_of(dns.message.from_wire(query)).to_wire())


class Worker:
    def __init__(self, folder: Path, **more: str) -> None:
        self.settings = settings(folder, **more)
        self.put("Made-up list")
        self.counters, self.answer_counts = Counters(), AnswerCounts(lists=1)
        self.lines: list[str] = []
        self.rules = RulesetWatcher(self.settings, lambda: False)
        self.answerers = Answerers(
            self.settings,
            partial(Pipeline, upstream=Upstream()),
            self.rules,
            self.lines.append,
            self.counters.row(0),
            row=self.answer_counts.row(0),
        )

    def put(self, title: str) -> None:
        octets = compiled_list("ads.example\n", LIST, title)[1]
        compiled(paths.lists(self.settings), LIST).write_bytes(octets)

    def take_over(self) -> None:
        ruleset = self.rules.look()
        assert ruleset is not None
        for answerer in self.answerers.by_transport.values():
            answerer.use(ruleset)

    def ask(self, transport: str, name: str, answerer: Answerer | None = None) -> None:
        answers: list[bytes | None] = []
        answerer, message = (
            answerer or self.answerers.by_transport[transport],
            dns.message.make_query(name, "A").to_wire(),
        )
        known = answerer.lookup(message)
        if known is None:
            answerer.resolve(message, Asker(), None, answers.append)
            (known,) = answers
        assert known is not None

    def told(self, name: str) -> dict[str, int]:
        self.answerers.tell()
        return {key: number for key, number in self.answer_counts.totals()[name].items() if number}


async def test_answers_of_all_transports_are_counted(tmp_path: Path) -> None:
    worker = Worker(tmp_path, PLAIN__ENABLED="true", BLOCKING__DENY="bad.example")
    for transport, times in ((DOT, 3), (TCP, 2), (UDP, 4)):
        for _ in range(times):
            for name in ("www.example.", "ads.example.", "bad.example.", "localhost."):
                worker.ask(transport, name)
    assert worker.told("answers") == {"dot NOERROR": 12, "tcp NOERROR": 8, "udp NOERROR": 16}
    assert worker.told("blocked") == {"0": 9, "1": 9}
    assert worker.told("validations") == {"insecure": 3}
    totals = worker.counters
    assert (totals.total(Count.CACHE_HITS), totals.total(Count.CACHE_MISSES)) == (24, 12)
    assert (totals.total(Count.QUERIES_BLOCKED), totals.total(Count.QUERIES_LOCAL)) == (18, 9)
    assert totals.total(Count.QUERIES_NOT_CACHED) == 8
    assert worker.told("cache_entries") == {"": 12}
    assert worker.told("cache_bytes")[""] > 12 * 600
    worker.answerers.forget()
    assert worker.told("cache_entries") == {}


async def test_what_a_list_blocked_counts_for_it_also_when_it_calls_itself_something_else(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    for _ in range(2):
        worker.ask(DOT, "ads.example.")
    worker.put("Another title")
    worker.answerers.tell(worker.take_over)
    worker.ask(DOT, "ads.example.")
    assert worker.told("blocked") == {"1": 3}


async def test_what_paused_devices_are_answered_is_counted_and_logged_too(tmp_path: Path) -> None:
    worker = Worker(tmp_path, LOG__QUERIES="true")
    apart = worker.answerers.apart(DOT, worker.rules.paused)
    worker.ask(DOT, "ads.example.", apart)
    worker.ask(DOT, "ads.example.")
    assert worker.told("answers") == {"dot NOERROR": 2}
    assert worker.told("blocked") == {"1": 1}
    assert worker.told("cache_entries") == {"": 2}
    lines = "".join(worker.lines).splitlines()
    assert [line.split()[4] for line in lines] == ["outcome=answered", "outcome=blocked"]
    worker.answerers.forget()
    assert worker.told("cache_entries") == {}


async def test_without_plain_dns_there_is_one_pipeline_and_without_a_log_nothing_before_it(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    assert [type(each) for each in worker.answerers.by_transport.values()] == [Pipeline]
    worker.ask(DOT, "www.example.")
    worker.answerers.tell()
    assert worker.lines == []


async def test_the_log_is_written_when_it_is_told(tmp_path: Path) -> None:
    worker = Worker(tmp_path, LOG__QUERIES="true", LOG__QUERIES_OF="192.168.1.0/24, blocked")
    for name in ("www.example.", "ads.example.", "ads.example."):
        worker.ask(DOT, name)
    assert worker.lines == []
    worker.answerers.tell()
    lines = "".join(worker.lines).splitlines()
    assert [line.partition(" ms=")[0] for line in lines] == [
        "<6>query client=192.168.1.23 name=ads.example. type=A outcome=blocked rcode=NOERROR cached="
        f'{cached} reason="Made-up list"'
        for cached in ("no", "yes")
    ]
