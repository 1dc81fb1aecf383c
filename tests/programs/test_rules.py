"""The ruleset as it is built from settings, lists and addresses, and as clients of the running front door see it."""

import asyncio
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import dns.message
import dns.rrset
import httpx
import pytest

from app import dnsname
from app.answer import records, wire
from app.answer.policy import Kind, NameVerdict
from app.answer.records import Target
from app.answer.special import DISCOVERY
from app.answer.wire import TYPE_SVCB
from app.config.load import load
from app.config.settings import Settings
from app.config.values import IPAddress
from app.files import write_atomically
from app.lists.paths import compiled
from app.onboarding.enrolment import Enrolment, PublicName
from app.owner.will import DEVICE, NAME, PAUSE, Key, Moment
from app.owner.will import LIST as LIST_KIND
from app.programs import owner_file, paths, rules
from app.programs.rules import RulesetWatcher, build
from app.unbound.reach import ROOT_ANSWERED
from tests.appliance import DEADLINE_S, HOSTNAME, PROGRAMS, bootstrap, clean, free_ports, running, settings_in
from tests.fakes import compiled_list
from tests.fakes.upstream import FakeUpstream, address_of, serving
from tests.internet import Internet

LIST = "/config/list.txt"
ENROLMENT = Enrolment(
    hostname=HOSTNAME,
    addresses=(ip_address("192.168.1.10"), ip_address("fd00::10")),
    dot_port=853,
    plain_port=53,
    web_port=None,
    root_pem=None,
    root_sha256=None,
    spki_pin="pin=",
    not_after=datetime(2030, 1, 1, tzinfo=UTC),
    resolver="recursive",
    resolver_reason=ROOT_ANSWERED,
    certified=(ip_address("192.168.1.10"),),
)


def settings(folder: Path, **more: str) -> Settings:
    given = {"HOMEDOT_DATA_DIR": str(folder), "HOMEDOT_RUN_DIR": str(folder), "HOMEDOT_BLOCKING__LISTS": LIST}
    loaded = load(given | {f"HOMEDOT_{name}": value for name, value in more.items()}).settings
    paths.lists(loaded).mkdir(exist_ok=True)
    paths.enrolment(loaded).parent.mkdir(exist_ok=True)
    return loaded


def write_list(folder: Path, text: str) -> None:
    (folder / "lists").mkdir(exist_ok=True)
    compiled_list.write_list(folder / "lists", LIST, text, "Mine")


def test_without_lists_and_addresses_there_is_a_ruleset_too(tmp_path: Path) -> None:
    rules = RulesetWatcher(settings(tmp_path), lambda: False)
    assert rules.ruleset.decide("www.example").kind is Kind.PASSED
    assert rules.look() is None


def test_a_list_that_comes_changes_and_goes_makes_another_ruleset(tmp_path: Path) -> None:
    rules = RulesetWatcher(settings(tmp_path), lambda: False)
    write_list(tmp_path, "ads.example\n")
    ruleset = rules.look()
    assert ruleset is not None
    assert ruleset.decide("www.ads.example")[1:] == ("ads.example", "Mine")
    assert rules.look() is None
    compiled(tmp_path / "lists", LIST).unlink()
    assert rules.look() is not None
    assert rules.ruleset.decide("www.ads.example").kind is Kind.PASSED


def test_a_lists_exception_for_a_name_holds_wherever_it_leads(tmp_path: Path) -> None:
    write_list(tmp_path, "ads.example\n@@||good.example^\n")
    ruleset = RulesetWatcher(settings(tmp_path), lambda: False).ruleset
    aliases = [Target("www.ads.example", is_service=False)]
    assert ruleset.decide_targets("www.good.example", aliases) is None
    target = ruleset.decide_targets("www.example", aliases)
    assert target is not None
    assert target.verdict == NameVerdict(Kind.LISTED, "ads.example", "Mine")


def test_a_rule_may_be_for_questions_of_one_type(tmp_path: Path) -> None:
    write_list(tmp_path, "||ads.example^$dnstype=AAAA\n||cdn.example^$dnstype=~CNAME\n||www.example^$dnstype=HTTPS\n")
    ruleset = RulesetWatcher(settings(tmp_path), lambda: False).ruleset
    kinds = [ruleset.decide("ads.example", qtype).kind for qtype in (1, 28)]
    assert kinds == [Kind.PASSED, Kind.LISTED]
    assert ruleset.decide("cdn.example").kind is Kind.LISTED
    assert ruleset.decide_targets("a.example", [Target("cdn.example", is_service=False)]) is None
    for is_service in (False, True):
        found = ruleset.decide_targets("a.example", [Target("www.example", is_service=is_service)])
        assert (found is not None) is is_service


def test_an_exception_for_one_type_holds_wherever_questions_of_that_type_lead(tmp_path: Path) -> None:
    write_list(tmp_path, "ads.example\n||192.0.2.7^\n@@||www.example^$dnstype=AAAA\n")
    ruleset = RulesetWatcher(settings(tmp_path), lambda: False).ruleset
    for target in ("ads.example", "192.0.2.7"):
        found = [ruleset.decide_targets("www.example", [Target(target, False)], qtype=qtype) for qtype in (1, 28)]
        assert [each is not None for each in found] == [True, False]


@pytest.mark.parametrize(
    ("rules", "blocked"),
    [
        ("||192.0.2.7^$dnstype=A", ["192.0.2.7"]),
        ("||192.0.2.7^$dnstype=AAAA", []),
        ("||192.0.2.7^$dnstype=~A", []),
        ("||2001:db8::7^$dnstype=AAAA", ["2001:db8::7"]),
        ("||192.0.2.7^\n@@||192.0.2.7^$dnstype=A", []),
        ("$ORIGIN rpz.test.\n24.0.2.0.192.rpz-ip CNAME .\n32.zz.db8.2001.rpz-ip CNAME .", ["192.0.2.7", "2001:db8::7"]),
    ],
)
def test_a_rule_for_addresses_may_be_for_one_type_or_a_whole_network(
    tmp_path: Path, rules: str, blocked: list[str]
) -> None:
    write_list(tmp_path, rules)
    ruleset = RulesetWatcher(settings(tmp_path), lambda: False).ruleset
    assert ruleset.looks_at_addresses
    addresses = ["192.0.2.7", "2001:db8::7", "198.51.100.7"]
    assert [each for each in addresses if ruleset.decide_targets("www.example", [Target(each, False)])] == blocked


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
def test_an_address_on_a_list_blocks_the_answers_that_have_it(tmp_path: Path, address: str) -> None:
    write_list(tmp_path, f"||{address}^\n@@||good.example^\n")
    ruleset = RulesetWatcher(settings(tmp_path), lambda: False).ruleset
    found = ruleset.decide_targets("www.example", [Target(address, is_service=False)])
    assert found is not None
    assert found.verdict == NameVerdict(Kind.LISTED, address, "Mine")
    assert ruleset.decide_targets("www.good.example", [Target(address, is_service=False)]) is None
    assert ruleset.decide_targets("www.example", [Target("192.0.2.77", is_service=False)]) is None


def test_an_address_that_a_service_hints_at_costs_only_that_record(tmp_path: Path) -> None:
    write_list(tmp_path, "||192.0.2.7^\n||192.0.2.8^$dnstype=A\n")
    ruleset = RulesetWatcher(settings(tmp_path), lambda: False).ruleset
    response = dns.message.make_response(dns.message.make_query("www.example.", "HTTPS"))
    response.answer.append(dns.rrset.from_text("www.example.", 300, "IN", "HTTPS", "1 . ipv4hint=192.0.2.8,192.0.2.7"))
    found = ruleset.decide_targets("www.example", (), response.to_wire(), 65)
    assert found is not None
    assert found.target == Target("192.0.2.7", is_service=True)  # and no other: a hint is of HTTPS
    assert ruleset.answer_blocked(found, 65).rcode == 0


def test_an_address_that_is_allowed_does_not_speak_for_another(tmp_path: Path) -> None:
    chosen = settings(tmp_path, BLOCKING__LISTS="/list", BLOCKING__ALLOW_LISTS="/allow")
    compiled_list.write_list(paths.lists(chosen), "/list", "||192.0.2.7^\n||192.0.2.8^\n", "Mine")
    compiled_list.write_list(paths.lists(chosen), "/allow", "||192.0.2.7^\n||good.example^\n", "Good")
    ruleset = RulesetWatcher(chosen, lambda: False).ruleset

    def kind(*names: str) -> Kind | None:
        found = ruleset.decide_targets("www.example", [Target(name, is_service=False) for name in names])
        return found and found.verdict.kind

    assert kind("192.0.2.7") is Kind.ALLOW_LISTED
    assert kind("192.0.2.7", "192.0.2.8") is Kind.LISTED
    assert kind("good.example", "192.0.2.8") is Kind.ALLOW_LISTED


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("ads.example", False), ("||192.0.2.7^", True), ("||192.0.2.", True), ("/^192\\.0\\.2/", True),
        ("$ORIGIN r.example.\n32.7.2.0.192.rpz-ip CNAME .", True), ("-ads.", False), ("||9gag.", False),
    ],
)  # fmt: skip
def test_addresses_in_answers_are_looked_at_only_for_a_list_that_has_some(
    tmp_path: Path, text: str, *, looks: bool
) -> None:
    write_list(tmp_path, text)
    ruleset = RulesetWatcher(settings(tmp_path), lambda: False).ruleset
    query = dns.message.make_query("www.example.", "A")
    response = dns.message.make_response(query)
    response.answer.append(dns.rrset.from_text("www.example.", 300, "IN", "A", "192.0.2.7"))
    assert ruleset.looks_at_addresses is looks
    led_to = records.addresses(response.to_wire())
    assert led_to == [Target("192.0.2.7", is_service=False)]
    assert (ruleset.decide_targets("www.example", led_to) is not None) is looks


ORDER = [
    # one line more each time, which is in another list, and what it makes of www.ads.example
    ("list", "||ads.example^", Kind.LISTED),
    ("other", "@@||ads.example^", Kind.EXCEPTED),
    ("list", "||ads.example^$important", Kind.LISTED_IMPORTANTLY),
    ("other", "@@|www.ads.example^$important", Kind.EXCEPTED_IMPORTANTLY),
    ("allow", "0.0.0.0 www.ads.example", Kind.ALLOW_LISTED),
]


@pytest.mark.parametrize("count", range(1, len(ORDER) + 1))
def test_rules_of_all_lists_count_in_one_order(tmp_path: Path, count: int) -> None:
    chosen = settings(tmp_path, BLOCKING__LISTS="/list, /other", BLOCKING__ALLOW_LISTS="/allow")
    for source in ("list", "other", "allow"):
        lines = [line for where, line, _ in ORDER[:count] if where == source]
        text = "\n".join(["||else.example^", *lines])
        compiled_list.write_list(paths.lists(chosen), f"/{source}", text, source.title())
    title, line, kind = ORDER[count - 1]
    verdict = RulesetWatcher(chosen, lambda: False).ruleset.decide("www.ads.example")
    assert (verdict.kind, verdict.title) == (kind, title.title())
    assert verdict.rule in line


PATTERNS_IN_ORDER = [
    ("list", "||ads*.example^", Kind.LISTED),
    ("other", "@@/^www\\.ads[0-9]/", Kind.EXCEPTED),
    ("list", "-x.$important", Kind.LISTED_IMPORTANTLY),
    ("other", "@@||ads7-x.example^$important,dnstype=AAAA", Kind.EXCEPTED_IMPORTANTLY),
    ("allow", "||ads7-*.example^$denyallow=good.example", Kind.ALLOW_LISTED),
]


@pytest.mark.parametrize("count", range(1, len(PATTERNS_IN_ORDER) + 1))
def test_patterns_count_in_the_same_order_and_are_named(tmp_path: Path, count: int) -> None:
    chosen = settings(tmp_path, BLOCKING__LISTS="/list, /other", BLOCKING__ALLOW_LISTS="/allow")
    for source in ("list", "other", "allow"):
        lines = [line for where, line, _ in PATTERNS_IN_ORDER[:count] if where == source]
        text = "\n".join(["||else.example^", *lines])
        compiled_list.write_list(paths.lists(chosen), f"/{source}", text, source.title())
    title, line, kind = PATTERNS_IN_ORDER[count - 1]
    verdict = RulesetWatcher(chosen, lambda: False).ruleset.decide("www.ads7-x.example", 28)
    assert verdict == NameVerdict(kind, line.lower(), title.title())


def test_the_lists_weigh_their_rules_in_the_order_of_the_policy() -> None:
    assert sorted(rules.KINDS, reverse=True) == list(rules.KINDS)
    assert list(rules.KINDS.values()) == [kind for kind in Kind if kind in rules.KINDS.values()]


@pytest.mark.parametrize("allowing", ["BLOCKING__ALLOW_LISTS", "BLOCKING__LISTS"])
def test_a_list_of_exceptions_only_allows_wherever_it_is_named(tmp_path: Path, allowing: str) -> None:
    named = {"BLOCKING__LISTS": "/list", allowing: "/allow" if allowing.endswith("ALLOW_LISTS") else "/list, /allow"}
    chosen = settings(tmp_path, **named)
    compiled_list.write_list(paths.lists(chosen), "/list", "||ads.example^$important\n", "Mine")
    compiled_list.write_list(paths.lists(chosen), "/allow", "@@||good.ads.example^\n@@||good.example^\n", "Good")
    ruleset = RulesetWatcher(chosen, lambda: False).ruleset
    assert ruleset.decide("www.good.ads.example") == NameVerdict(Kind.ALLOW_LISTED, "good.ads.example", "Good")
    assert ruleset.decide("ads.example").kind is Kind.LISTED_IMPORTANTLY
    # Who is allowed may lead anywhere, and to whom is allowed anybody may lead.
    assert not ruleset.decide("good.example").is_open
    found = ruleset.decide_targets("www.example", [Target("x.good.ads.example", False), Target("ads.example", False)])
    assert found is not None
    assert found.verdict.kind is Kind.ALLOW_LISTED


def test_what_is_important_is_blocked_also_behind_a_name_that_has_an_exception(tmp_path: Path) -> None:
    write_list(tmp_path, "||ads.example^$important\n||spy.example^\n@@||good.example^\n@@||best.example^$important\n")
    ruleset = RulesetWatcher(settings(tmp_path), lambda: False).ruleset

    def leads(asked: str, name: str) -> Kind | None:
        found = ruleset.decide_targets(asked, [Target(name, is_service=False)])
        return found and found.verdict.kind

    assert leads("www.good.example", "ads.example") is Kind.LISTED_IMPORTANTLY
    assert leads("www.good.example", "spy.example") is None
    assert leads("www.best.example", "ads.example") is None


def test_a_rule_for_a_top_level_domain_blocks_and_others_make_exceptions_of_it(tmp_path: Path) -> None:
    chosen = settings(tmp_path, BLOCKING__LISTS="tlds:/tlds, /tlds-allow")
    compiled_list.write_list(paths.lists(chosen), "tlds:/tlds", "||top^\n||shop^\n", "TLDs", above=())
    compiled_list.write_list(paths.lists(chosen), "/tlds-allow", "@@||mastodon.top^\n@@||terminal.shop^\n", "Spared")
    decide = RulesetWatcher(chosen, lambda: False).ruleset.decide
    assert decide("www.spam.top") == NameVerdict(Kind.LISTED, "top", "TLDs")
    assert decide("top").kind is Kind.LISTED
    assert decide("www.mastodon.top") == NameVerdict(Kind.ALLOW_LISTED, "mastodon.top", "Spared")
    assert decide("spam.example").kind is Kind.PASSED


def test_your_own_word_counts_more_than_an_allow_list(tmp_path: Path) -> None:
    chosen = settings(tmp_path, BLOCKING__ALLOW_LISTS="/allow", BLOCKING__DENY="bad.example")
    compiled_list.write_list(paths.lists(chosen), "/allow", "||bad.example^\n", "Good")
    assert RulesetWatcher(chosen, lambda: False).ruleset.decide("bad.example").kind is Kind.DENIED


def test_lists_with_one_title_are_told_apart(tmp_path: Path) -> None:
    chosen = settings(tmp_path, BLOCKING__LISTS="https://a.example/x.txt, https://b.example/x.txt")
    for source, name in zip(chosen.blocking.lists, ("ads.example", "bad.example"), strict=True):
        compiled_list.write_list(paths.lists(chosen), source, name, "Mine")
    decide = RulesetWatcher(chosen, lambda: False).ruleset.decide
    assert decide("ads.example").title == "Mine (a.example)"
    assert decide("bad.example").title == "Mine (b.example)"


def test_when_a_pause_begins_and_ends_another_ruleset_takes_over(tmp_path: Path) -> None:
    paused = False
    write_list(tmp_path, "ads.example\n")
    rules = RulesetWatcher(settings(tmp_path), lambda: paused)
    assert rules.unpaused is rules.ruleset
    kinds = []
    for paused in (False, True, True, False):
        changed = rules.look() is not None
        kinds.append((changed, paused, rules.ruleset.decide("ads.example").kind))
        assert rules.unpaused.decide("ads.example").kind is Kind.LISTED
    expected = [(False, Kind.LISTED), (True, Kind.PASSED), (True, Kind.PASSED), (False, Kind.LISTED)]
    assert [each[1:] for each in kinds] == expected
    assert [changed for changed, *_ in kinds] == [False, True, False, True]


def test_what_the_owner_sets_is_followed_and_only_what_matters_makes_another_ruleset(tmp_path: Path) -> None:
    chosen, will = settings(tmp_path, BLOCKING__DENY="bad.example"), owner_file.NOBODYS
    moment = Moment(1_800_000_000.0, "192.168.1.7")
    write_list(tmp_path, "ads.example\n")
    compiled_list.write_list(tmp_path / "lists", "/more.txt", "more.example\n", "More")
    rules = RulesetWatcher(chosen, lambda: False, lambda: will)
    assert rules.look() is None
    will = will.after({Key(NAME, "ads.example"): "allow", Key(NAME, "x.example"): "deny"}, moment)
    assert rules.look() is not None
    assert rules.ruleset.decide("www.ads.example") == NameVerdict(Kind.ALLOWED, "ads.example", "the owner's allow list")
    assert rules.ruleset.decide("x.example") == NameVerdict(Kind.DENIED, "x.example", "the owner's deny list")
    assert rules.ruleset.decide("bad.example").title == "blocking.deny"
    assert str(rules.owner_note("x.example")).endswith("by 192.168.1.7")
    assert rules.paused.decide("x.example").kind is Kind.PASSED
    assert rules.paused is rules.paused
    will = will.after({Key(DEVICE, "192.168.1.7"): "tv", Key(PAUSE, "192.168.1.7"): 1_800_000_060}, moment)
    assert rules.look() is None
    will = will.after({Key(LIST_KIND, "/more.txt"): "block", Key(LIST_KIND, LIST): "off"}, moment)
    assert rules.look() is not None
    assert rules.ruleset.decide("more.example").title == "More"
    assert rules.ruleset.decide("www.ads.example").kind is Kind.ALLOWED
    will = will.after({Key(NAME, "ads.example"): None}, moment)
    assert rules.look() is not None
    assert rules.ruleset.decide("ads.example").kind is Kind.PASSED


def test_the_boxs_own_addresses_are_followed_and_kept_when_they_cannot_be_read(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    path = paths.enrolment(chosen)
    path.write_text(ENROLMENT.to_json())
    rules = RulesetWatcher(chosen, lambda: False)
    assert rules.ruleset.decide(HOSTNAME).kind is Kind.LOCAL
    assert rules.ruleset.decide("10.1.168.192.in-addr.arpa").kind is Kind.LOCAL
    assert rules.addresses == ENROLMENT.addresses
    write_atomically(path, replace(ENROLMENT, addresses=(ip_address("192.168.1.11"),)).to_json().encode())
    assert rules.look() is not None
    assert rules.ruleset.decide("10.1.168.192.in-addr.arpa").kind is Kind.RESERVED
    for damaged in (b"nonsense", b"\xff"):
        write_atomically(path, damaged)
        assert rules.look() is None
    assert rules.addresses == (ip_address("192.168.1.11"),)
    assert rules.ruleset.decide("11.1.168.192.in-addr.arpa").kind is Kind.LOCAL


def test_with_blocking_off_nothing_is_blocked(tmp_path: Path) -> None:
    write_list(tmp_path, "ads.example\n")
    off = settings(tmp_path, BLOCKING__ENABLED="false", BLOCKING__DENY="bad.example")
    rules = RulesetWatcher(off, lambda: False)
    assert {rules.ruleset.decide(name).kind for name in ("ads.example", "bad.example")} == {Kind.PASSED}


@pytest.mark.parametrize(
    ("more", "certified", "by_address", "by_name"),
    [
        ({"PLAIN__ENABLED": "true"}, ENROLMENT.certified, True, True),
        ({"PLAIN__ENABLED": "true"}, (), False, True),
        ({"PLAIN__ENABLED": "true", "SPECIAL__DDR": "false"}, ENROLMENT.certified, False, False),
        ({}, ENROLMENT.certified, False, False),
    ],
)
def test_r5_r7_the_box_is_designated_only_where_the_certificate_holds(
    tmp_path: Path, more: dict[str, str], certified: tuple[IPAddress, ...], *, by_address: bool, by_name: bool
) -> None:
    enrolment = replace(ENROLMENT, certified=certified)
    ruleset = build(settings(tmp_path, **more), enrolment, ())
    designated = []
    for name in ("_dns.resolver.arpa", f"_dns.{HOSTNAME}"):
        made = ruleset.answer(ruleset.decide(name), name, 64)
        assert made is not None
        designated.append(bool(made.answer))
    assert designated == [by_address, by_name]


PUBLIC = "mybox.duckdns.org"
NAMED = {"PUBLIC__NAME": PUBLIC, "PUBLIC__PROVIDER": "duckdns", "PUBLIC__TOKEN": "t", "PUBLIC__TERMS": "true"}


def test_at_home_the_public_name_leads_to_the_box_whatever_public_dns_says(tmp_path: Path) -> None:
    ruleset = build(settings(tmp_path, **NAMED), ENROLMENT, ())
    made = ruleset.answer(ruleset.decide(PUBLIC), PUBLIC, 1)
    assert made is not None
    assert made.answer[0].endswith(ip_address("192.168.1.10").packed)
    assert ruleset.decide(f"_acme-challenge.{PUBLIC}").kind is Kind.PASSED
    assert build(settings(tmp_path), ENROLMENT, ()).decide(PUBLIC).kind is Kind.PASSED


@pytest.mark.parametrize(("not_after", "designated"), [(ENROLMENT.not_after, True), (None, False)])
def test_r7_the_public_name_designates_the_box_while_it_has_a_certificate(
    tmp_path: Path, not_after: datetime | None, *, designated: bool
) -> None:
    enrolment = replace(ENROLMENT, public=PublicName(name=PUBLIC, not_after=not_after))
    ruleset = build(settings(tmp_path, PLAIN__ENABLED="true", **NAMED), enrolment, ())
    for name, target, is_so in ((f"_dns.{PUBLIC}", PUBLIC, designated), (f"_dns.{HOSTNAME}", HOSTNAME, True)):
        made = ruleset.answer(ruleset.decide(name), name, 64) if ruleset.decide(name).kind is Kind.SPECIAL else None
        assert bool(made and dnsname.to_wire(target) in made.answer[0]) is is_so


@pytest.mark.parametrize("name", ["attic.lan", "lan", "home.lan", f"check.{HOSTNAME}", "route.attic.lan"])
def test_names_above_those_of_the_home_exist(tmp_path: Path, name: str) -> None:
    """Whoever believes that one does not would believe it of all below (RFC 8020 2)."""
    more = {
        "LOCAL": "nas.attic.lan=192.168.1.5",
        "RESOLVER__ROUTES": "route.attic.lan=192.168.1.1, x.home.lan=192.168.1.1",
    }
    ruleset = build(settings(tmp_path, **more), ENROLMENT, ())
    assert ruleset.is_at_home(name)
    assert not ruleset.is_at_home(f"other.{name}")


def test_with_a_private_root_test_is_a_name_like_others(tmp_path: Path) -> None:
    hints = tmp_path / "root.hints"
    hints.write_text(". NS ns.\n")
    private = build(settings(tmp_path, RESOLVER__ROOT_HINTS=str(hints)), None, ())
    public = build(settings(tmp_path), None, ())
    assert private.decide("www.test").kind is Kind.PASSED
    assert public.decide("www.test").kind is Kind.RESERVED
    assert private.decide("www.invalid").kind is Kind.RESERVED


@pytest.mark.parametrize(("resolver", "may"), [("recursive", True), ("forward", False)])
def test_only_where_it_recurses_from_a_private_root_answers_may_lead_home(
    tmp_path: Path, resolver: str, *, may: bool
) -> None:
    hints = tmp_path / "root.hints"
    hints.write_text(". NS ns.\n")
    enrolled = replace(ENROLMENT, resolver=resolver)
    message = dns.message.make_response(dns.message.make_query("www.corp", "HTTPS"))
    message.answer.append(dns.rrset.from_text("www.corp.", 300, "IN", "HTTPS", "1 . ipv4hint=10.0.0.5"))
    private = build(settings(tmp_path, RESOLVER__ROOT_HINTS=str(hints)), enrolled, ())
    response = wire.read_response(message.to_wire())
    assert (private.leads_home("www.corp", response, []) is None) is may
    assert build(settings(tmp_path), enrolled, ()).leads_home("www.corp", response, []) is not None


@pytest.mark.parametrize("target", ["nas.fritz.box", "a.plex.direct", "tv.example", HOSTNAME, "x.local", "localhost"])
def test_routes_exceptions_and_what_is_served_here_are_names_of_the_home(tmp_path: Path, target: str) -> None:
    ruleset = build(
        settings(tmp_path, RESOLVER__ROUTES="fritz.box=192.168.1.1", LOCAL="tv.example=10.0.0.5"), ENROLMENT, ()
    )
    message = dns.message.make_response(dns.message.make_query("www.example", "A"))
    message.answer.append(dns.rrset.from_text("www.example.", 300, "IN", "CNAME", f"{target}."))
    response = wire.read_response(message.to_wire())
    lead = ruleset.leads_home("www.example", response, [Target(target, is_service=False)])
    assert lead is not None
    assert lead.target == target
    assert ruleset.leads_home("www.fritz.box", response, [Target(target, is_service=False)]) is None


@pytest.mark.parametrize(("resolver", "asked"), [("forward", ["dns.quad9.net", "dns.quad9.net"]), ("recursive", [])])
def test_knows_who_is_asked_about_a_name(tmp_path: Path, resolver: str, asked: list[str]) -> None:
    ruleset = build(
        settings(tmp_path, RESOLVER__ROUTES="fritz.box=192.168.1.1"), replace(ENROLMENT, resolver=resolver), ()
    )
    assert [each.tls_name for each in ruleset.forwarders_of("www.example")] == asked
    assert [str(each.address) for each in ruleset.forwarders_of("nas.fritz.box")] == ["192.168.1.1"]
    assert (ruleset.route_of("nas.fritz.box"), ruleset.route_of("www.example")) == ("fritz.box", "")


def test_what_is_routed_is_answered_by_whom_it_is_routed_to(tmp_path: Path) -> None:
    ruleset = build(
        settings(tmp_path, RESOLVER__ROUTES="1.168.192.in-addr.arpa=192.168.1.1, lan.home.arpa=192.168.1.1"), None, ()
    )
    kinds = [ruleset.decide(name).kind for name in ("7.1.168.192.in-addr.arpa", "tv.lan.home.arpa", "tv.home.arpa")]
    assert kinds == [Kind.PASSED, Kind.PASSED, Kind.RESERVED]


def test_a_released_name_is_asked_upstream(tmp_path: Path) -> None:
    ruleset = build(settings(tmp_path, SPECIAL__RELEASED="test, corp.local"), None, ())
    kinds = [ruleset.decide(name).kind for name in ("www.test", "dc1.corp.local", "printer.local")]
    assert kinds == [Kind.PASSED, Kind.PASSED, Kind.RESERVED]


def test_r7_r8_who_asked_another_address_is_told_of_no_designated_resolver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_at(gateway: str | None) -> frozenset[str]:
        monkeypatch.setattr(rules, "shared_by_clients", lambda: (gateway,) if gateway else ())
        ruleset = build(settings(tmp_path, PLAIN__ENABLED="true"), ENROLMENT, ())
        made = ruleset.answer(ruleset.decide(DISCOVERY), DISCOVERY, TYPE_SVCB)
        assert made is not None
        return made.only_at

    assert only_at(None) == {"192.168.1.10"}
    assert only_at("172.17.0.1") == frozenset()  # it cannot be known there


# --- as clients see it -----------------------------------------------------------------------------------------------


def kdig(port: int, *arguments: str) -> str:
    command = ["kdig", "@127.0.0.1", "-p", str(port), "+tls", "+retry=0", "+timeout=5", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout


def status(reply: str) -> str:
    found = re.search(r"status: (\w+)", reply)
    return found.group(1) if found else reply


@contextmanager
def front_door(folder: Path, upstream: FakeUpstream, **more: str) -> Iterator[int]:
    """The front door alone, with `upstream` where unbound would be; yields its port."""
    environment = settings_in(
        folder, HOMEDOT_RESOLVER__PORT=str(upstream.port), HOMEDOT_RESOLVER__MODE="recursive", **more
    )
    done = bootstrap(environment)
    assert done.returncode == 0, done.stderr
    (folder / "run/unbound.port").write_text(
        str(upstream.port)
    )  # the start found that somebody has it, and drew another
    port = int(environment["HOMEDOT_DOT__PORT"])
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*PROGRAMS, "front"], env=clean(environment), stderr=log)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while "answering DNS over TLS" not in (folder / "log").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)  # another process's log: there is nothing to wait on
        yield port
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


STAYS_HERE = [
    ("localhost", "A", "NOERROR"), ("x.localhost", "AAAA", "NOERROR"), ("a.invalid", "A", "NXDOMAIN"),
    ("a.test", "A", "NXDOMAIN"), ("a.onion", "A", "NXDOMAIN"), ("a.alt", "A", "NXDOMAIN"),
    ("printer.local", "A", "NXDOMAIN"), ("local", "SOA", "NXDOMAIN"), ("home.arpa", "SOA", "NOERROR"),
    (HOSTNAME, "HTTPS", "NOERROR"), ("other.home.arpa", "AAAA", "NXDOMAIN"), ("_dns.resolver.arpa", "SVCB", "NOERROR"),
    ("resolver.arpa", "TXT", "NOERROR"), ("foo.resolver.arpa", "TXT", "NOERROR"), ("a.service.arpa", "PTR", "NXDOMAIN"),
    ("9.9.168.192.in-addr.arpa", "PTR", "NXDOMAIN"), ("1.0.0.127.in-addr.arpa", "PTR", "NOERROR"),
    ("9.d.f.ip6.arpa", "PTR", "NXDOMAIN"), ("use-application-dns.net", "A", "NXDOMAIN"),
    ("use-application-dns.net", "AAAA", "NXDOMAIN"), ("mask.icloud.com", "A", "NXDOMAIN"),
    ("mask-h2.icloud.com", "AAAA", "NXDOMAIN"), ("nas.example", "A", "NOERROR"), ("bad.example", "A", "NOERROR"),
]  # fmt: skip


@pytest.mark.server
@pytest.mark.anyio
async def test_what_is_answered_here_never_travels_upstream(folder: Path) -> None:
    more = {
        "HOMEDOT_SPECIAL__REFUSE_PRIVATE_RELAY": "true",
        "HOMEDOT_LOCAL": "nas.example=192.168.1.5",
        "HOMEDOT_BLOCKING__ENABLED": "true",
        "HOMEDOT_BLOCKING__LISTS": str(folder / "none.txt"),
        "HOMEDOT_BLOCKING__DENY": "bad.example",
    }

    def ask(port: int) -> list[str]:
        questions = [word for name, kind, _ in STAYS_HERE for word in ("-q", name, "-t", kind)]
        return re.findall(r"status: (\w+)", kdig(port, "+keepopen", *questions))

    async with serving(address_of) as upstream:
        stack = front_door(folder, upstream, **more)
        port = await asyncio.to_thread(stack.__enter__)
        try:
            assert await asyncio.to_thread(ask, port) == [expected for _, _, expected in STAYS_HERE]
            assert upstream.seen == []
            for name in ("ipv4only.arpa", "www.example"):
                assert status(await asyncio.to_thread(kdig, port, name)) == "NOERROR"
            assert [message.question[0].name.to_text() for message in upstream.seen] == [
                "ipv4only.arpa.",
                "www.example.",
            ]
        finally:
            await asyncio.to_thread(stack.__exit__, None, None, None)


@pytest.mark.server
def test_lists_aliases_pause_and_why_in_the_appliance(folder: Path, internet: Internet) -> None:
    own, second = folder / "own.txt", folder / "second.txt"
    own.write_text("! Title: Own list\nunsigned.test\n@@||www.unsigned.test^\n")
    second.write_text("! Title: Other list\n0.0.0.0 signed.test\n")
    for path in (own, second):
        path.chmod(0o644)
    (port,) = free_ports(1)
    environment = settings_in(
        folder,
        HOMEDOT_BLOCKING__ENABLED="true",
        HOMEDOT_BLOCKING__LISTS=f"{own}, {second}",
        HOMEDOT_BLOCKING__ALLOW="long.unsigned.test",
        HOMEDOT_LOCAL="nas.home.arpa=192.168.1.5, web.home.arpa=CNAME signed.test",
        HOMEDOT_PLAIN__ENABLED="true",
        HOMEDOT_PLAIN__PORT=str(port),
        HOMEDOT_DOT__WORKERS="2",
        **internet.environment,
    )

    def until_asked(name: str, pattern: str) -> str:
        deadline = time.monotonic() + DEADLINE_S
        while not re.search(pattern, reply := kdig(appliance.dot_port, name, "+edns", "+padding=128")):
            assert time.monotonic() < deadline, f"{reply}\n{appliance.log}"
            time.sleep(0.1)  # the list is compiled by another program
        return reply

    with running(folder, environment) as appliance:
        reply = until_asked("unsigned.test", r"unsigned\.test\.\s+\d+\s+IN\s+A\s+0\.0\.0\.0")
        assert "EDE: 4 (Forged Answer): 'Own list'" in reply
        assert "Received 468 B" in reply
        # Each www leads to the name above it. A list has an exception for one of them.
        assert re.search(
            r"unsigned\.test\.\s+\d+\s+IN\s+A\s+192\.0\.2\.1", kdig(appliance.dot_port, "www.unsigned.test")
        )
        until_asked("www.signed.test", r"www\.signed\.test\.\s+60\s+IN\s+A\s+0\.0\.0\.0")
        assert "192.0.2.5" in kdig(appliance.dot_port, "long.unsigned.test")
        followed = kdig(appliance.dot_port, "web.home.arpa")
        assert re.search(r"web\.home\.arpa\.\s+60\s+IN\s+CNAME\s+signed\.test\.", followed)
        assert "192.0.2.1" in followed

        sentence = "blocked: signed.test is on the list Other list; www.signed.test leads to signed.test"
        assert appliance.homedot("why", "www.signed.test").stdout == f"www.signed.test: {sentence}\n"
        said, answered = appliance.homedot("why", "www.unsigned.test").stdout.splitlines()
        assert said == "www.unsigned.test: not blocked: the list Own list has an exception for www.unsigned.test"
        assert answered.startswith("has the addresses 192.0.2.1, 2001:db8::1, from the internet's name servers, not")
        assert "no rule" in appliance.homedot("why", "ns.dead.test").stdout

        page = f"http://127.0.0.1:{appliance.web_port}/blocking"
        token = appliance.homedot("token").stdout
        assert httpx.post(f"{page}/pause", data={"token": "wrong", "for": "5m"}).status_code == 403
        assert httpx.post(f"{page}/pause", data={"token": token, "for": "5m"}).status_code == 303
        assert "192.0.2.1" in kdig(appliance.dot_port, "unsigned.test")
        assert "Paused for 5 minutes more." in httpx.get(page).text
        searched = httpx.get(page, params={"name": "www.signed.test"}).text
        assert f"www.signed.test: would be {sentence}" in searched
        assert "Blocking is paused for " in searched
        first, answered, note = appliance.homedot("why", "www.signed.test").stdout.splitlines()
        assert answered.startswith("has the addresses 192.0.2.1, ")
        assert first == f"www.signed.test: would be {sentence}"
        assert re.match(r"blocking is paused for (29\d|300) s more, until ", note)
        other = appliance.homedot("token", "new").stdout
        assert httpx.post(f"{page}/pause", data={"token": token, "for": "0"}).status_code == 403
        assert httpx.post(f"{page}/pause", data={"token": other, "for": "0"}).status_code == 303
        assert "0.0.0.0" in kdig(appliance.dot_port, "unsigned.test")
        assert "In force: 2 names on 2 lists." in httpx.get(page).text

        told = appliance.homedot("pause", "1m")
        said = r"blocking is paused for all devices until \d{4}-\d\d-\d\d \d\d:\d\d\n`homedot resume` ends it\n"
        assert re.fullmatch(said, told.stdout), told.stderr
        for _ in range(8):  # whichever worker is asked
            assert "192.0.2.1" in kdig(appliance.dot_port, "unsigned.test")
        metrics = subprocess.run(
            ["curl", "-fsS", f"http://127.0.0.1:{appliance.web_port}/metrics"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert re.search(r"^homedot_blocking_paused_seconds (5\d|60)$", metrics, re.MULTILINE)
        assert re.search(r"^homedot_queries_blocked_total [1-9]", metrics, re.MULTILINE)
        assert re.search(r"^homedot_queries_local_total [1-9]", metrics, re.MULTILINE)
        assert f'homedot_list_names{{list="Own list",source="{own}",number="1"}} 1' in metrics
        assert appliance.homedot("resume").stdout == "blocking is in force again for all devices\n"
        for _ in range(8):
            assert "0.0.0.0" in kdig(appliance.dot_port, "unsigned.test")

        appliance.homedot("pause", "3s")
        assert "192.0.2.1" in kdig(appliance.dot_port, "unsigned.test")
        until_asked("unsigned.test", r"0\.0\.0\.0")

        svcb = kdig(port, "+notls", "_dns.resolver.arpa", "SVCB")
        expected = rf"1 {re.escape(HOSTNAME)}\. alpn=dot port={appliance.dot_port} ipv4hint=127\.0\.0\.1 ipv6hint=::1"
        assert re.search(expected, svcb.replace('"', "")), svcb


@pytest.mark.server
def test_allow_lists_exceptions_and_missing_lists_in_the_appliance(folder: Path, internet: Internet) -> None:
    block, spare, good = folder / "block.txt", folder / "spare.txt", folder / "good.txt"
    block.write_text("! Title: Blocking\n||unsigned.test^\n||signed.test^$important\n||test^\n")
    spare.write_text("! Title: Sparing\n||nobody.example^\n@@||unsigned.test^\n@@||www.signed.test^\n")
    for path in (block, spare):
        path.chmod(0o644)
    environment = settings_in(
        folder,
        HOMEDOT_BLOCKING__ENABLED="true",
        HOMEDOT_BLOCKING__LISTS=f"{block}, {spare}",
        HOMEDOT_BLOCKING__ALLOW_LISTS=str(good),
        **internet.environment,
    )

    with running(folder, environment) as appliance:

        def until_why(name: str, said: str) -> None:
            deadline = time.monotonic() + DEADLINE_S
            while (told := appliance.homedot("why", name).stdout).splitlines()[:1] != [f"{name}: {said}"]:
                assert time.monotonic() < deadline, f"{told}\n{appliance.log}"
                time.sleep(0.1)  # lists are compiled by another program

        until_why("unsigned.test", "not blocked: the list Sparing has an exception for unsigned.test")
        assert "192.0.2.1" in kdig(appliance.dot_port, "www.unsigned.test")
        important = "blocked: signed.test is on the list Blocking, which calls it important"
        until_why("www.signed.test", important)  # the other list's exception is not important
        assert "0.0.0.0" in kdig(appliance.dot_port, "www.signed.test")

        page, metrics = (f"http://127.0.0.1:{appliance.web_port}/{where}" for where in ("blocking", "metrics"))
        missing = "3 names on 2 lists; 1 of 3 lists is missing"
        listed = appliance.homedot("lists")
        assert (listed.returncode, listed.stdout.splitlines()[0]) == (1, missing)
        assert "tlds: before its address: 1 lines, like test" in listed.stdout
        assert f"In force: {missing}." in httpx.get(page).text
        assert f'homedot_list_up{{list="good.txt",source="{good}",number="3"}} 0' in httpx.get(metrics).text

        good.write_text("www.signed.test\n")
        good.chmod(0o644)
        until_why("www.signed.test", "not blocked: www.signed.test is on the allow list good.txt")
        assert "192.0.2.1" in kdig(appliance.dot_port, "www.signed.test")  # though it leads to signed.test
        until_why("signed.test", important)
        listed = appliance.homedot("lists")
        assert (listed.returncode, listed.stdout.splitlines()[0]) == (0, "3 names on 2 lists, 1 name on 1 allow list")
        assert "exact: a plain name in it is for that name alone" in httpx.get(page).text
        text = httpx.get(metrics).text
        assert f'homedot_list_up{{list="good.txt",source="{good}",number="3"}} 1' in text
        succeeded = re.search(r'homedot_list_last_success_timestamp_seconds{list="good.txt",.*} (\d+)', text)
        assert succeeded is not None
        assert abs(int(succeeded[1]) - time.time()) < 2 * DEADLINE_S
        assert re.search(r'homedot_list_failures{list="good.txt",.*} 0$', text, re.MULTILINE)

        checked = appliance.homedot("lists", "check", str(spare))
        assert (checked.returncode, checked.stdout) == (0, "Sparing: 1 names and 2 exceptions would be kept\n")
