"""A question asked as devices ask it. What it finds out with real zones is in tests/clients/test_why.py."""

import os
import signal
import time
from collections.abc import Iterator

import dns.message
import dns.rcode
import dns.rrset
import pytest

from app.answer.upstream import Upstream
from app.programs.outcomes import RealOutcome
from app.programs.real_answer import RealAnswers
from tests.appliance import children, command_line, folder_for_all, running, settings_in
from tests.fakes.ruleset import ruleset
from tests.fakes.upstream import FakeUpstream, address_of, serving
from tests.internet import Internet

RULESET = ruleset(lists={"Made-up list": ["ads.example"]}, hosts={"nas": "192.168.1.5"}, aliases={"web": "www.example"})


def asked_with_recursion(unbound: FakeUpstream) -> list[str]:
    """What it was asked to find out; without, it is asked what it has in its cache."""
    return [str(query.question[0].name) for query in unbound.seen if query.flags & dns.flags.RD]


@pytest.mark.anyio
async def test_what_is_decided_here_asks_nobody() -> None:
    async with serving(address_of) as unbound:
        upstream = Upstream(unbound.port, 16)
        answers = RealAnswers(upstream, "somebody", None, RULESET)
        blocked, asked, said = await answers.hear(RULESET, "x.ads.example", "A", 1)
        assert (blocked.outcome, blocked.values, blocked.reason) == (
            RealOutcome.BLOCKED,
            ("0.0.0.0",),
            "Made-up list",
        )
        assert (asked, said, unbound.seen) == ("x.ads.example", None, [])
        local = (await answers.hear(RULESET, "nas", "A", 1)).answer
        assert (local.outcome, local.values, local.where) == (RealOutcome.ANSWERED, ("192.168.1.5",), "")
        upstream.close()


@pytest.mark.anyio
async def test_an_alias_of_the_home_is_followed_outside() -> None:
    async with serving(address_of) as unbound:
        upstream = Upstream(unbound.port, 16)
        heard = await RealAnswers(upstream, "somebody", None, RULESET).hear(RULESET, "web", "A", 1)
        assert (heard.answer.values, heard.asked) == (("192.0.2.1",), "www.example")
        assert asked_with_recursion(unbound) == ["www.example."]
        upstream.close()


@pytest.mark.anyio
async def test_nothing_is_kept_so_each_look_is_a_new_one() -> None:
    async with serving(address_of) as unbound:
        upstream = Upstream(unbound.port, 16)
        answers = RealAnswers(upstream, "somebody", None, RULESET)
        for _ in range(2):
            await answers.hear(RULESET, "www.example", "A", 1)
        assert asked_with_recursion(unbound) == ["www.example."] * 2
        upstream.close()


@pytest.mark.anyio
async def test_the_zone_of_an_alias_and_of_where_it_leads_are_both_named() -> None:
    """Nobody can tell whose of the two servers were silent."""

    def cached(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        name, kind = str(query.question[0].name), dns.rdatatype.to_text(query.question[0].rdtype)
        if query.flags & dns.flags.RD:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif kind == "CNAME" and name == "www.one.example.":
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", "cdn.two.example."))
        elif kind == "NS":
            response.authority.append(dns.rrset.from_text(name.partition(".")[2], 60, "IN", "NS", "ns.example."))
        return response

    async with serving(cached) as unbound:
        upstream = Upstream(unbound.port, 16)
        heard = await RealAnswers(upstream, "somebody", None, RULESET).hear(RULESET, "www.one.example", "A", 1)
        upstream.close()
    assert heard.answer.outcome is RealOutcome.UNREACHABLE
    assert heard.answer.zones == ("example", "two.example")


@pytest.mark.server
def test_an_unbound_that_hangs_is_told_from_an_internet_that_does(internet: Internet) -> None:
    with folder_for_all() as folder, running(folder, settings_in(folder, **internet.environment)) as started:
        (unbound,) = (pid for pid in _below(started.process.pid) if "/unbound.conf" in command_line(pid))
        os.kill(unbound, signal.SIGSTOP)
        begun_s = time.monotonic()
        try:
            told = started.homedot("why", "www.signed.test").stdout.splitlines()[0]
            took_s = time.monotonic() - begun_s
        finally:
            os.kill(unbound, signal.SIGCONT)
    assert told == "www.signed.test: not answered: the resolver of this box, unbound, does not answer; its log says why"
    assert took_s < 10.0


def _below(pid: int) -> Iterator[int]:
    for child in children(pid):
        yield child
        yield from _below(child)
