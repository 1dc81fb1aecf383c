"""The front door's own questions to unbound."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from app.answer.upstream import Upstream
from app.doctor.judgement import OwnAnswer
from app.programs import own_question
from app.programs.own_question import OwnQuestions
from tests.fakes.upstream import FakeUpstream, Handler, serving

pytestmark = pytest.mark.anyio


def saying(rcode: dns.rcode.Rcode, *reasons: int) -> Handler:
    def answer(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode(reason)) for reason in reasons])
        return response

    return answer


@asynccontextmanager
async def asking(handler: Handler, *, forwards: bool = False) -> AsyncIterator[tuple[OwnQuestions, FakeUpstream]]:
    async with serving(handler) as unbound:
        upstream = Upstream(unbound.port, 10)
        try:
            yield OwnQuestions(upstream, lambda: forwards), unbound
        finally:
            upstream.close()


def names(unbound: FakeUpstream) -> list[str]:
    return [query.question[0].name.to_text() for query in unbound.seen]


async def test_a_ping_asks_for_what_unbound_knows_itself() -> None:
    async with asking(saying(dns.rcode.NOERROR)) as (own, unbound):
        assert await own.ping()
        assert names(unbound) == ["health.invalid."]
        assert own.sent == 0


async def test_silence_is_no_pong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_question, "PONG_WITHIN_S", 0.05)
    async with asking(lambda _: None) as (own, _):
        assert not await own.ping()


@pytest.mark.parametrize(("resolver", "labels"), [("recursive", 1), ("forward", 2)])
async def test_a_name_that_nobody_knows_is_asked_for_and_each_time_another(
    monkeypatch: pytest.MonkeyPatch, resolver: str, labels: int
) -> None:
    monkeypatch.setattr(own_question, "FROM_OUTSIDE_S", 0.0)
    async with asking(saying(dns.rcode.NXDOMAIN), forwards=resolver == "forward") as (own, unbound):
        assert await own.ask() is OwnAnswer.REACHED  # how long such an answer lasts is learned first
        assert await own.ask() is OwnAnswer.PROVEN
        first, _, second = names(unbound)
        assert first != second
        assert first.count(".") == labels
        assert first.endswith(".com.") == (resolver == "forward")
        assert unbound.seen[0].ednsflags & dns.flags.DO
        assert own.sent == 2


async def test_what_comes_at_once_shows_nothing_and_another_is_asked_for_that_is_never_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_question, "FROM_OUTSIDE_S", 10.0)
    async with asking(saying(dns.rcode.NXDOMAIN)) as (own, unbound):
        assert await own.ask() is OwnAnswer.REACHED
        assert names(unbound)[1].endswith(".homedot-reach.")
        assert own.sent == 1


@pytest.mark.parametrize(
    ("handler", "answer"),
    [
        (saying(dns.rcode.SERVFAIL, 22), OwnAnswer.NOTHING),
        (saying(dns.rcode.SERVFAIL, 9), OwnAnswer.BOGUS),
        (saying(dns.rcode.REFUSED), OwnAnswer.NOTHING),
        (lambda _: None, OwnAnswer.NOTHING),
    ],
)
async def test_what_is_no_answer_is_none(monkeypatch: pytest.MonkeyPatch, handler: Handler, answer: OwnAnswer) -> None:
    monkeypatch.setattr(own_question, "ANSWER_WITHIN_S", 0.1)
    async with asking(handler) as (own, _):
        async with asyncio.timeout(10):
            assert await own.ask() is answer


async def test_an_answer_that_has_lost_some_of_its_time_is_out_of_unbounds_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_question, "FROM_OUTSIDE_S", 0.0)
    left_s = iter([300, 0, 299, 0, 300])

    def answer(query: dns.message.Message) -> dns.message.Message:
        response = saying(dns.rcode.NXDOMAIN)(query)
        assert response is not None
        response.authority.append(dns.rrset.from_text(".", next(left_s), "IN", "SOA", "a. b. 1 2 3 4 5"))
        return response

    async with asking(answer) as (own, _):
        assert await own.ask() is OwnAnswer.REACHED
        assert await own.ask() is OwnAnswer.REACHED
        assert await own.ask() is OwnAnswer.PROVEN
