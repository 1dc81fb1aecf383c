import json

import dns.message
import dns.name
import pytest

from app.answer.cache import Cache
from app.answer.pipeline import Pipeline
from app.answer.querylog import LoggedPipeline, QueryLog, question
from app.answer.tally import LOCAL, SECURE, AnswerOutcome, Said, Tally
from app.networks import HEALTH_CHECK
from tests.fakes.clock import Clock
from tests.fakes.ruleset import ruleset
from tests.fakes.upstream import address_of

WWW = dns.message.make_query("www.example.", "AAAA").to_wire()
BLOCKED = Tally(Said(AnswerOutcome.BLOCKED, 'A "list"\\'), 0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Www.Example.", "www.example."),
        (".", "."),
        ("a\\.b\\010\\255.example.", "a\\046b\\010\\255.example."),
        ('a\\"b\\032c\\\\.example.', "a\\034b\\032c\\092.example."),
        ("a\\027[2J.example.", "a\\027\\0912j.example."),
    ],
)
def test_a_name_is_one_word_of_plain_text(name: str, text: str) -> None:
    assert question(dns.message.make_query(name, "AAAA").to_wire()) == (text, "AAAA")


def test_the_longest_name_is_shown_whole() -> None:
    labels = [b"\0" * 63, b"\xff" * 63, b'"' * 63, b" " * 61, b""]
    asked = dns.message.make_query(dns.name.Name(labels), "A").to_wire()
    name, _ = question(asked)
    assert len(name) == 250 * 4 + 4
    assert set(name) <= set("\\.0123456789")


@pytest.mark.parametrize(("qtype", "text"), [("HTTPS", "HTTPS"), ("ANY", "ANY"), ("TYPE65280", "TYPE65280")])
def test_a_type_has_its_name_if_it_has_one(qtype: str, text: str) -> None:
    assert question(dns.message.make_query("example.", qtype).to_wire())[1] == text


@pytest.mark.parametrize("cut", range(12, len(WWW)))
def test_what_cannot_be_read_is_no_name(cut: int) -> None:
    assert question(WWW[:cut]) == ("?", "?")


def test_a_header_without_a_question_has_no_name() -> None:
    assert question(WWW[:4] + bytes(8) + WWW[12:]) == ("?", "?")


def test_a_line_of_text_says_who_asked_what_and_what_became_of_it() -> None:
    lines: list[str] = []
    log = QueryLog(lines.append, "text", "<6>")
    log.of("dot")("192.168.1.23", WWW, BLOCKED, 0.00123)
    log.of("udp", cached=True)("fd00::5", WWW, Tally(SECURE, 3), 0.0)
    assert lines == []
    log.flush()
    assert "".join(lines).splitlines() == [
        "<6>query client=192.168.1.23 name=www.example. type=AAAA outcome=blocked rcode=NOERROR cached=no"
        r' reason="A \"list\"\\" ms=1.2 transport=dot',
        "<6>query client=fd00::5 name=www.example. type=AAAA outcome=answered rcode=NXDOMAIN cached=yes"
        ' reason="secure" ms=0.0 transport=udp',
    ]


def test_a_line_of_json_says_the_same() -> None:
    lines: list[str] = []
    log = QueryLog(lines.append, "json")
    log.of("tcp", cached=True)("192.168.1.23", WWW, BLOCKED, 0.00123)
    log.flush()
    word, _, members = lines[0].partition(" ")
    assert (word, json.loads(members)) == (
        "query",
        {
            "client": "192.168.1.23", "name": "www.example.", "type": "AAAA", "outcome": "blocked", "rcode": "NOERROR",
            "cached": True, "reason": 'A "list"\\', "ms": 1.2, "transport": "tcp",
        },
    )  # fmt: skip


def clients_in(log: QueryLog, lines: list[str]) -> list[str]:
    """Whose lines are there after each of three has asked for two names, of which one is blocked."""
    for client in ("192.168.1.23", "192.168.1.24", HEALTH_CHECK):
        log.of("dot")(client, WWW, BLOCKED, 0.0)
        log.of("dot")(client, WWW, Tally(LOCAL), 0.0)
    log.flush()
    return [line.split("client=")[1].split(" ")[0] for text in lines for line in text.splitlines()]


def test_the_boxs_own_health_check_is_not_in_it() -> None:
    lines: list[str] = []
    assert clients_in(QueryLog(lines.append), lines) == ["192.168.1.23"] * 2 + ["192.168.1.24"] * 2


def test_only_those_of_some_clients_or_what_was_blocked_or_both() -> None:
    def one(client: str) -> bool:
        return client == "192.168.1.24"

    lines: list[str] = []
    assert clients_in(QueryLog(lines.append, is_wanted=one), lines) == ["192.168.1.24"] * 2
    lines.clear()
    assert clients_in(QueryLog(lines.append, only_blocked=True), lines) == ["192.168.1.23", "192.168.1.24"]
    lines.clear()
    assert clients_in(QueryLog(lines.append, is_wanted=one, only_blocked=True), lines) == ["192.168.1.24"]


def test_a_flood_is_cut_and_told() -> None:
    lines: list[str] = []
    log = QueryLog(lines.append)
    note = log.of("udp")
    for _ in range(1234):
        note("192.168.1.23", WWW, Tally(), 0.0)
    log.flush()
    assert len("".join(lines).splitlines()) == 1001
    assert lines[-1].endswith("\n234 more lines about queries left out\n")
    assert all(len(each) < 17 * 1024 for each in lines)  # a pipe takes four of them before its reader must be there
    told = len(lines)
    log.flush()
    assert len(lines) == told


class Asker:
    client = "192.168.1.23"

    def how(self) -> dict[str, str | bool | None]:
        return {}

    def here(self) -> str:
        return ""


class Upstream:
    def ask(self, query: bytes, client: str, reply: object) -> None:
        assert callable(reply)
        reply(address_of(dns.message.from_wire(query)).to_wire())


def test_what_comes_from_the_cache_is_logged_with_who_asked_and_what_it_is() -> None:
    logged: list[tuple[str, str, bool]] = []
    pipeline = Pipeline(
        Cache(1_000_000, Clock()),
        Upstream(),
        ruleset(deny=["bad.example"]),
        log_answer=lambda client, _, tally, __: logged.append((client, tally.said.outcome, False)),
    )
    front = LoggedPipeline(pipeline, lambda client, _, tally, __: logged.append((client, tally.said.outcome, True)))
    answers: list[bytes | None] = []
    for name in ("www.example.", "bad.example.", "www.example.", "bad.example."):
        message = dns.message.make_query(name, "A").to_wire()
        assert front.lookup(message) is None
        front.resolve(message, Asker(), None, answers.append)
    assert answers[:2] != answers[2:]  # ids are those of each question
    assert [dns.message.from_wire(each or b"").rcode() for each in answers] == [0, 0, 0, 0]
    assert logged == [
        ("192.168.1.23", "answered", False), ("192.168.1.23", "blocked", False),
        ("192.168.1.23", "answered", True), ("192.168.1.23", "blocked", True),
    ]  # fmt: skip
