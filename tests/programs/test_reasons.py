"""`homedot why`: which rule and which list decide."""

import asyncio
import re
from pathlib import Path

import dns.message
import pytest

from app.answer import wire
from app.answer.policy import Kind
from app.answer.records import Target
from app.answer.upstream import Upstream
from app.config.load import load
from app.programs import paths
from app.programs.control_client import USUAL_TYPES
from app.programs.reasons import RunningRuleset, reason
from app.programs.rules import RulesetWatcher
from tests.fakes.compiled_list import write_list
from tests.fakes.pauses import paused
from tests.fakes.ruleset import ruleset
from tests.fakes.upstream import serving

RULESET = ruleset(
    allow=["good.example"],
    deny=["bad.example"],
    lists={"Made-up list": ["ads.example"]},
    hosts={"nas": "192.168.1.5"},
)


@pytest.mark.parametrize(
    ("name", "answers", "sentence"),
    [
        ("localhost", {}, "answered here: localhost has a fixed meaning (RFC 6761 6.3)"),
        ("nas", {}, "answered here: there is a record for it (local)"),
        ("printer.local", {}, "answered here: local never leaves the house (RFC 6762 22.1)"),
        (
            "www.good.example",
            {"A": [Target("ads.example", is_service=False)]},
            "not blocked: good.example is in blocking.allow",
        ),
        (
            "captive.apple.com",
            {"A": [Target("ads.example", is_service=False)]},
            "not blocked: captive.apple.com is one of the names that devices test their network with"
            " (blocking.never_block)",
        ),
        ("a.bad.example", {}, "blocked: bad.example is in blocking.deny"),
        ("www.ads.example", {}, "blocked: ads.example is on the list Made-up list"),
        (
            "www.example",
            {"A": [Target("cdn.example", is_service=False), Target("x.ads.example", is_service=False)]},
            "blocked: ads.example is on the list Made-up list; www.example leads to x.ads.example",
        ),
        (
            "www.example",
            {"A": [Target("good.example", is_service=False)], "HTTPS": [Target("x.ads.example", is_service=True)]},
            "blocked for HTTPS: ads.example is on the list Made-up list; www.example leads to x.ads.example",
        ),
        (
            "www.example",
            {"A": [], "HTTPS": [Target("bad.example", is_service=False)]},
            "blocked for HTTPS: bad.example is in blocking.deny; www.example leads to bad.example",
        ),
        (
            "www.example",
            {"HTTPS": [Target("bad.example", is_service=True)]},
            "blocked for HTTPS: bad.example is in blocking.deny; www.example leads to bad.example",
        ),
        (
            "www.example",
            {"HTTPS": [Target("bad.example", is_service=False)]},
            "blocked: bad.example is in blocking.deny; www.example leads to bad.example",
        ),
        (
            "www.example",
            {"A": [Target("a.good.example", is_service=False), Target("bad.example", is_service=False)], "HTTPS": []},
            "not blocked: good.example is in blocking.allow; www.example leads to a.good.example",
        ),
        ("www.example", {"A": [Target("cdn.example", is_service=False)]}, "not blocked: no rule and no list has it"),
    ],
)
def test_says_who_decides(name: str, answers: dict[str, list[Target]], sentence: str) -> None:
    assert str(reason(RULESET, name, answers)) == f"{name}: {sentence}"


OF_TYPES = "||v6.example^$dnstype=AAAA\n||odd.example^\n@@||odd.example^$dnstype=HTTPS\n||mail.example^$dnstype=MX\n"


@pytest.mark.parametrize(
    ("name", "sentence", "others"),
    [
        ("v6.example", "blocked for AAAA: ||v6.example^$dnstype=aaaa is on the list Mine",
         ["for A and HTTPS: not blocked: no rule and no list has it"]),
        ("odd.example", "blocked for A and AAAA: odd.example is on the list Mine",
         ["for HTTPS: not blocked: the list Mine has an exception for @@||odd.example^$dnstype=https"]),
        ("mail.example", "not blocked: no rule and no list has it", []),
    ],
)  # fmt: skip
@pytest.mark.anyio
async def test_the_running_ruleset_says_for_which_types_a_rule_is(
    tmp_path: Path, name: str, sentence: str, others: list[str]
) -> None:
    settings = load(environment(tmp_path, BLOCKING__LISTS="/list")).settings
    paths.lists(settings).mkdir()
    write_list(paths.lists(settings), "/list", OF_TYPES, "Mine")
    async with serving(dns.message.make_response) as unbound:
        upstream = Upstream(unbound.port, 16)
        running = RunningRuleset(RulesetWatcher(settings, lambda: False), upstream, lambda: 0, is_enabled=True)
        found = await running.reason(name)
        assert found.decision == sentence
        assert [note for note in found.notes if note.startswith("for ")] == others
        for kind, qtype in USUAL_TYPES.items():
            alone = await running.reason(name, {kind: qtype})
            assert alone.only is None
            assert alone.verdict == found.by_type[kind][0]
        assert (await running.reason("mail.example", {"MX": 15})).verdict.kind is Kind.LISTED
        upstream.close()


def test_has_a_sentence_for_every_kind() -> None:
    from app.programs.reasons import _SENTENCES

    assert set(_SENTENCES) == set(Kind)


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    folders = {"HOMEDOT_DATA_DIR": str(tmp_path), "HOMEDOT_RUN_DIR": str(tmp_path)}
    return folders | {f"HOMEDOT_{name}": value for name, value in more.items()}


@pytest.mark.anyio
async def test_the_running_ruleset_follows_aliases_and_says_what_a_pause_lets_through(tmp_path: Path) -> None:
    import dns.flags
    import dns.message
    import dns.rdatatype
    import dns.rrset

    def leads(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.answer.append(dns.rrset.from_text(query.question[0].name, 300, "IN", "CNAME", "Bad.Example."))
        return response

    pauses = {"now": paused(0)}
    settings = load(environment(tmp_path, BLOCKING__DENY="bad.example", BLOCKING__LISTS="/none")).settings
    rules = RulesetWatcher(settings, lambda: pauses["now"].left_s > 0)
    async with serving(leads) as unbound:
        upstream = Upstream(unbound.port, 16)
        running = RunningRuleset(rules, upstream, lambda: pauses["now"].left_s, is_enabled=True)
        found = await running.reason("www.example")
        assert str(found) == "www.example: blocked: bad.example is in blocking.deny; www.example leads to bad.example"
        assert found.notes == ()
        assert (await running.reason("x.bad.example")).verdict.kind is Kind.DENIED
        recursed = (message for message in unbound.seen if message.flags & dns.flags.RD)
        asked = [dns.rdatatype.to_text(message.question[0].rdtype) for message in recursed]
        assert sorted(asked) == ["A", "AAAA", "HTTPS"]  # and nothing about what is decided by the name
        pauses["now"] = paused(600)
        rules.look()
        found = await running.reason("www.example")
        assert str(found).startswith("www.example: would be blocked: bad.example is in blocking.deny")
        *_, note = found.notes
        assert re.fullmatch(
            r"blocking is paused for 600 s more, until \d\d:\d\d:\d\d \S+: nothing is blocked before", note
        )
        upstream.close()


@pytest.mark.anyio
async def test_the_running_ruleset_says_what_it_cannot_know(tmp_path: Path) -> None:
    off = load(environment(tmp_path, BLOCKING__ENABLED="false")).settings
    async with serving(lambda _: None) as unbound:
        upstream = Upstream(unbound.port, 16)
        asked = asyncio.create_task(
            RunningRuleset(RulesetWatcher(off, lambda: False), upstream, lambda: 0, is_enabled=False).reason(
                "www.example"
            )
        )
        await unbound.asked.wait()
        upstream.close()
        found = await asked
    silent = "not answered: the resolver of this box, unbound, does not answer; its log says why"
    assert str(found) == f"www.example: {silent}"
    assert found.notes == ("blocking.enabled is false: nothing is blocked",)


@pytest.mark.anyio
async def test_the_running_ruleset_says_of_which_type_nothing_is_known_and_why(tmp_path: Path) -> None:
    import dns.rcode
    import dns.rrset

    def fails(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        if query.question[0].rdtype == wire.TYPE_HTTPS:
            response.set_rcode(dns.rcode.SERVFAIL)
        else:
            response.answer.append(dns.rrset.from_text(query.question[0].name, 300, "IN", "CNAME", "bad.example."))
        return response

    settings = load(environment(tmp_path, BLOCKING__DENY="bad.example", BLOCKING__LISTS="/none")).settings
    async with serving(fails) as unbound:
        upstream = Upstream(unbound.port, 16)
        found = await RunningRuleset(
            RulesetWatcher(settings, lambda: False), upstream, lambda: 0, is_enabled=True
        ).reason("www.example")
        upstream.close()
    assert str(found) == "www.example: blocked: bad.example is in blocking.deny; www.example leads to bad.example"
    assert [each.outcome for each in found.answers] == ["blocked here", "blocked here", "nobody reachable"]
    assert found.notes == ()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "data", "how"),
    [
        ("HTTPS", "1 . ipv4hint=10.0.0.1", "addresses of private networks"),
        ("A", "192.168.1.1", "addresses of private networks"),
        ("AAAA", "fd00::1", "addresses of private networks"),
        ("HTTPS", "1 router.fritz.box.", "the name router.fritz.box"),
        ("CNAME", "1-2-3-4.ab.plex.direct.", "the name 1-2-3-4.ab.plex.direct"),
    ],
)
@pytest.mark.parametrize("allowed", ["", "www.example"])
async def test_the_running_ruleset_says_that_an_answer_leads_home_and_over_what(
    tmp_path: Path, kind: str, data: str, how: str, allowed: str
) -> None:
    import dns.rdatatype
    import dns.rrset

    def leads(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        if kind in (dns.rdatatype.to_text(query.question[0].rdtype), "CNAME"):
            response.answer.append(dns.rrset.from_text(query.question[0].name, 300, "IN", kind, data))
        return response

    more = {"BLOCKING__LISTS": "/none", "BLOCKING__ALLOW": allowed, "RESOLVER__ROUTES": "fritz.box=192.168.1.1"}
    settings = load(environment(tmp_path, LOCAL="alias.home.arpa=CNAME www.example", **more)).settings
    async with serving(leads) as unbound:
        upstream = Upstream(unbound.port, 16)
        running = RunningRuleset(RulesetWatcher(settings, lambda: False), upstream, lambda: 0, is_enabled=True)
        asked = "AAAA" if kind == "AAAA" else "HTTPS" if kind == "HTTPS" else "A"
        types = {asked: dns.rdatatype.from_text(asked).value}
        for name in ("www.example", "alias.home.arpa"):
            assert (await running.reason(name, types)).notes[-1] == (
                f"of its answer for {asked} is left out what leads into the home: {how} (resolver.rebind_protection);"
                " if it is meant to, name www.example in resolver.rebind_exceptions"
            )
        assert not any("rebind" in note for note in (await running.reason("www.fritz.box", types)).notes)
        upstream.close()
