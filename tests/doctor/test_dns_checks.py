"""Servers whose answers are wrong in one way."""

from functools import partial
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest

from app.doctor import dns_checks
from app.doctor.target import Verdict
from tests.fakes.dot_server import Answer, DotServer, is_slow, noerror, respond
from tests.fakes.pki import Authority

from .examining import box, faults


@pytest.mark.parametrize(
    ("block_octets", "detail"),
    [(0, "a padded query gets an answer without padding"), (128, "an answer of 128 octets, no multiple of 468")],
)
def test_finds_answers_that_are_not_padded(
    authority: Authority, good_chain: Path, block_octets: int, detail: str
) -> None:
    with DotServer(good_chain, partial(respond, block_octets=block_octets)) as server:
        found = faults(server, authority)
    assert set(found) == {"padding"}
    assert detail in found["padding"].detail


@pytest.mark.parametrize(
    ("keepalive", "detail"),
    [
        (None, "is not told"),
        (b"", "gets 0 octets, not 2"),
        (b"\x00\x00", "may be idle for 0 s"),
        (b"\x04\xb1", "may be idle for 120.1 s; dot.idle_timeout is 120"),
    ],
)
def test_finds_a_keepalive_that_is_not_true(
    authority: Authority, good_chain: Path, keepalive: bytes | None, detail: str
) -> None:
    with DotServer(good_chain, partial(respond, keepalive=keepalive)) as server:
        found = faults(server, authority)
    assert set(found) == {"keepalive"}
    assert detail in found["keepalive"].detail


def test_finds_a_server_that_answers_one_name_at_a_time(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, in_order=0.2) as server:
        found = faults(server, authority)
    assert set(found) == {"answer order"}
    assert found["answer order"].verdict is Verdict.FAIL
    assert found["answer order"].detail.startswith("a slow name held up a known one for ")


def test_finds_a_server_that_waits_for_a_name_without_end(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, in_order=30) as server:
        found = dns_checks.order(box(server.port, authority, timeout_s=0.5))
    assert (found.verdict, found.detail) == (Verdict.FAIL, "while a slow name was waited for, no other was answered")


def test_the_order_is_not_tried_where_no_name_is_slow(
    authority: Authority, good_chain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns_checks, "_TELLING_S", 5.0)
    with DotServer(good_chain, in_order=0) as server:
        found = dns_checks.order(box(server.port, authority))
    assert found.verdict is Verdict.NOT_TRIED
    assert "--slow-name" in found.detail


def test_asks_a_slow_name_that_was_never_asked_before_unless_told_which(authority: Authority, good_chain: Path) -> None:
    asked = []

    def remember(query: bytes) -> bytes:
        if is_slow(query):
            asked.append(dns.message.from_wire(query).question[0].name.to_text())
        return noerror(query)

    with DotServer(good_chain, remember) as server:
        for name in (None, None, "slow.example.org"):
            dns_checks.order(box(server.port, authority, slow_name=name))
    assert len(set(asked)) == 3
    assert asked[2] == "slow.example.org."


def root_answer(rcode: dns.rcode.Rcode, *errors: dns.edns.EDECode, validated: bool = False) -> Answer:
    """Answers the root zone's keys like this, and everything else well."""

    def answer(query: bytes) -> bytes:
        message = dns.message.from_wire(query)
        if message.question[0].name != dns.name.root:
            return noerror(query)
        response = dns.message.make_response(message)
        response.set_rcode(rcode)
        response.flags |= dns.flags.AD if validated else 0
        response.use_edns(0, options=[dns.edns.EDEOption(error, "because") for error in errors])
        return response.to_wire()

    return answer


@pytest.mark.parametrize(
    ("answer", "verdict", "detail"),
    [
        (
            root_answer(dns.rcode.NOERROR),
            Verdict.FAIL,
            "the root zone's keys are not validated: NOERROR",
        ),
        (
            root_answer(dns.rcode.SERVFAIL, dns.edns.EDECode.DNSSEC_BOGUS),
            Verdict.FAIL,
            "the root zone's keys are not validated: SERVFAIL, EDE 6 (DNSSEC Bogus): because",
        ),
        (
            root_answer(dns.rcode.SERVFAIL, dns.edns.EDECode.NETWORK_ERROR),
            Verdict.CANNOT_TELL,
            "the internet's root zone is not answered: SERVFAIL, EDE 23 (Network Error): because",
        ),
        (
            root_answer(dns.rcode.SERVFAIL, validated=True),
            Verdict.CANNOT_TELL,
            "the internet's root zone is not answered: SERVFAIL",
        ),
    ],
    ids=["not validated", "bogus", "unreachable", "failure"],
)
def test_tells_bogus_from_unreachable(
    authority: Authority, good_chain: Path, answer: Answer, verdict: Verdict, detail: str
) -> None:
    with DotServer(good_chain, answer) as server:
        found = faults(server, authority)
    assert set(found) == {"DNSSEC"}
    assert (found["DNSSEC"].verdict, found["DNSSEC"].detail) == (verdict, detail)


def bogus_answer(rcode: dns.rcode.Rcode, *, unchecked: bool | None = None) -> Answer:
    """Answers `bogus.test` like this; with an address to who does not check if `unchecked`, to all if it is False."""

    def answer(query: bytes) -> bytes:
        message = dns.message.from_wire(query)
        name = message.question[0].name
        if name != dns.name.from_text("bogus.test."):
            return noerror(query)
        response = dns.message.make_response(message)
        if unchecked is False or (unchecked and message.flags & dns.flags.CD):
            response.answer.append(dns.rrset.from_text(name, 300, "IN", "A", "192.0.2.1"))
        else:
            response.set_rcode(rcode)
        return response.to_wire()

    return answer


@pytest.mark.parametrize(
    ("answer", "verdict", "detail"),
    [
        (noerror, Verdict.PASS, "bogus.test, whose signatures are wrong, is refused"),
        (bogus_answer(dns.rcode.SERVFAIL, unchecked=True), Verdict.PASS, "is refused"),
        (bogus_answer(dns.rcode.NOERROR, unchecked=False), Verdict.FAIL, "is answered, though its signatures"),
        (bogus_answer(dns.rcode.SERVFAIL), Verdict.CANNOT_TELL, "bogus.test cannot be resolved: SERVFAIL"),
        (bogus_answer(dns.rcode.NXDOMAIN), Verdict.NOT_TRIED, "bogus.test is not there: NXDOMAIN"),
        (lambda _: None, Verdict.CANNOT_TELL, "bogus.test was not answered in time"),
    ],
    ids=["reason told", "no reason told", "answered", "unreachable", "absent", "silent"],
)
def test_tells_what_becomes_of_a_bogus_name(
    authority: Authority, good_chain: Path, answer: Answer, verdict: Verdict, detail: str
) -> None:
    with DotServer(good_chain, answer) as server:
        found = dns_checks.bogus(box(server.port, authority, bogus_name="bogus.test", timeout_s=1.0))
    assert found.verdict is verdict
    assert detail in found.detail
