import pytest

from app.answer.policy import MEANINGS, PASSED, Kind, NameVerdict
from app.answer.records import Target
from app.answer.ruleset import Ruleset
from tests.fakes.ruleset import ruleset

EVERYTHING = {"Everything": ("com", "example", "arpa", "localhost", "test", "net")}
"""A list that blocks whatever is not spared."""


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("localhost", NameVerdict(Kind.SPECIAL, "localhost", "RFC 6761 6.3")),
        ("nas.home.arpa", NameVerdict(Kind.LOCAL, "nas.home.arpa", "local")),
        ("other.home.arpa", NameVerdict(Kind.RESERVED, "home.arpa", "RFC 8375 4")),
        ("www.good.example", NameVerdict(Kind.ALLOWED, "good.example", "blocking.allow")),
        ("captive.apple.com", NameVerdict(Kind.NEVER_BLOCKED, "captive.apple.com", "blocking.never_block")),
        ("www.bad.example", NameVerdict(Kind.DENIED, "bad.example", "blocking.deny")),
        ("www.example", NameVerdict(Kind.LISTED, "example", "Everything")),
        ("www.example.org", PASSED),
        ("", PASSED),
    ],
)
def test_every_step_decides_about_its_names(name: str, verdict: NameVerdict) -> None:
    decided = ruleset(
        allow=["good.example"], deny=["bad.example"], lists=EVERYTHING, hosts={"nas.home.arpa": "192.168.1.5"}
    ).decide(name)
    assert decided == verdict


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("localhost", Kind.SPECIAL),  # though there is a record for it
        ("printer.test", Kind.LOCAL),  # though the zone is reserved
        ("other.test", Kind.RESERVED),  # though it is allowed
        ("time.google.com", Kind.ALLOWED),  # though it must not be blocked anyway
        ("captive.apple.com", Kind.NEVER_BLOCKED),  # though it is denied
        ("bad.example", Kind.DENIED),  # though it is listed
    ],
)
def test_the_earlier_step_wins(name: str, kind: Kind) -> None:
    both = ruleset(
        allow=["test", "time.google.com"],
        deny=["captive.apple.com", "bad.example"],
        lists=EVERYTHING,
        hosts={"printer.test": "192.168.1.6", "localhost": "192.168.1.7"},
    )
    assert both.decide(name).kind is kind


@pytest.mark.parametrize("name", ["tv", "www.example.org", "1.2.0.203.in-addr.arpa", "1.113.0.203.in-addr.arpa"])
def test_a_record_may_be_for_any_name(name: str) -> None:
    hosts = {"tv": "203.0.113.1", "www.example.org": "203.0.2.1"}
    assert ruleset(hosts=hosts, lists=EVERYTHING).decide(name).kind is Kind.LOCAL


def test_the_first_list_that_has_a_name_is_named() -> None:
    lists = {"First": ["other.example"], "Second": ["ads.example"], "Third": ["example"]}
    assert ruleset(lists=lists).decide("ads.example").title == "Second"


def test_a_pause_leaves_what_is_served_here_as_it_is() -> None:
    paused = ruleset(deny=["bad.example"], lists=EVERYTHING, hosts={"nas.home.arpa": "192.168.1.5"}, is_paused=True)
    kinds = [
        paused.decide(name).kind for name in ("bad.example", "www.example", "nas.home.arpa", "localhost", "x.local")
    ]
    assert kinds == [Kind.PASSED, Kind.PASSED, Kind.LOCAL, Kind.SPECIAL, Kind.RESERVED]


def decides(inside: Ruleset, *aliases: str) -> str | None:
    """The name that decides about www.example, which leads to `aliases`; those that begin with a > as a target."""
    lead = inside.decide_targets("www.example", [Target(alias.removeprefix(">"), alias[0] == ">") for alias in aliases])
    return lead and f"{lead.target.name}: {lead.verdict.kind}, {lead.verdict.rule}, {lead.verdict.title}"


LEADS = ruleset(
    allow=["good.example"],
    deny=["bad.example"],
    lists={"First": ["ads.example"], "Second": ["@@fair.ads.example", "spy.example", "ads.example"]},
    hosts={"nas.home.arpa": "192.168.1.5"},
)


@pytest.mark.parametrize(
    ("aliases", "decision"),
    [
        (["nas.home.arpa", "localhost", "x.local"], None),  # what is served here has no say
        (["edge.example", "a.bad.example", "ads.example"], "a.bad.example: denied, bad.example, blocking.deny"),
        (["edge.example", "ads.example", "bad.example"], "ads.example: listed, ads.example, First"),
        (["a.good.example", "ads.example"], "a.good.example: allowed, good.example, blocking.allow"),
        (["captive.apple.com", "bad.example"],
         "captive.apple.com: never blocked, captive.apple.com, blocking.never_block"),
        (["bad.example", "good.example"], "bad.example: denied, bad.example, blocking.deny"),
        (["fair.ads.example"], None),
        (["fair.ads.example", "spy.example"], "spy.example: listed, spy.example, Second"),  # it speaks for itself only
        (["edge.example", ">x.ads.example"], "x.ads.example: listed, ads.example, First"),
        ([">good.example", ">ads.example"], "ads.example: listed, ads.example, First"),  # neither leads to the other
        ([">good.example", ">edge.example"], "good.example: allowed, good.example, blocking.allow"),
        ([], None),
    ],
)  # fmt: skip
def test_the_first_name_that_somebody_speaks_for_decides_about_an_answer_that_leads_there(
    aliases: list[str], decision: str | None
) -> None:
    assert decides(LEADS, *aliases) == decision


def test_an_exception_for_who_is_asked_holds_for_all_lists_wherever_the_answer_leads() -> None:
    spared = ruleset(lists={"First": ["ads.example"], "Second": ["@@www.example"]})
    assert spared.decide("www.example") == NameVerdict(Kind.EXCEPTED, "www.example", "Second")
    assert decides(spared, "edge.example", "ads.example") is None


def test_the_users_own_word_counts_where_a_list_has_an_exception_too() -> None:
    spared = ruleset(deny=["bad.example"], lists={"List": ["@@www.example", "bad.example"]})
    assert decides(spared, "bad.example") == "bad.example: denied, bad.example, blocking.deny"


def test_a_pause_lets_answers_lead_anywhere() -> None:
    assert decides(ruleset(deny=["bad.example"], lists=EVERYTHING, is_paused=True), "bad.example") is None


BLOCKING = {Kind.DENIED, Kind.LISTED_IMPORTANTLY, Kind.LISTED}
OPEN = {Kind.EXCEPTED_IMPORTANTLY, Kind.EXCEPTED, Kind.PASSED}


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_blocks_or_leaves_open_where_an_answer_leads_or_settles_it(kind: Kind) -> None:
    assert NameVerdict(kind).blocks is (kind in BLOCKING)
    assert NameVerdict(kind).is_open is (kind in OPEN)


def test_there_is_a_meaning_for_whoever_decides_in_the_order_of_asking() -> None:
    assert [*MEANINGS, Kind.PASSED] == list(Kind)
