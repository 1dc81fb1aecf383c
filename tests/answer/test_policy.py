import pytest

from app.answer.policy import PASSED, Kind, Verdict
from tests.fakes.house import house

EVERYTHING = {"Everything": ("com", "example", "arpa", "localhost", "test", "net")}
"""A list that blocks whatever is not spared."""


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("localhost", Verdict(Kind.SPECIAL, "localhost", "RFC 6761 6.3")),
        ("nas.home.arpa", Verdict(Kind.LOCAL, "nas.home.arpa", "local")),
        ("other.home.arpa", Verdict(Kind.RESERVED, "home.arpa", "RFC 8375 4")),
        ("www.good.example", Verdict(Kind.ALLOWED, "good.example", "blocking.allow")),
        ("captive.apple.com", Verdict(Kind.NEVER_BLOCKED, "captive.apple.com", "blocking.never_block")),
        ("www.bad.example", Verdict(Kind.DENIED, "bad.example", "blocking.deny")),
        ("www.example", Verdict(Kind.LISTED, "example", "Everything")),
        ("www.example.org", PASSED),
        ("", PASSED),
    ],
)
def test_every_step_decides_about_its_names(name: str, verdict: Verdict) -> None:
    decided = house(
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
    both = house(
        allow=["test", "time.google.com"],
        deny=["captive.apple.com", "bad.example"],
        lists=EVERYTHING,
        hosts={"printer.test": "192.168.1.6", "localhost": "192.168.1.7"},
    )
    assert both.decide(name).kind is kind


def test_the_first_list_that_has_a_name_is_named() -> None:
    lists = {"First": ["other.example"], "Second": ["ads.example"], "Third": ["example"]}
    assert house(lists=lists).decide("ads.example").title == "Second"


def test_a_pause_leaves_what_is_served_here_as_it_is() -> None:
    paused = house(deny=["bad.example"], lists=EVERYTHING, hosts={"nas.home.arpa": "192.168.1.5"}, is_paused=True)
    kinds = [
        paused.decide(name).kind for name in ("bad.example", "www.example", "nas.home.arpa", "localhost", "x.local")
    ]
    assert kinds == [Kind.PASSED, Kind.PASSED, Kind.LOCAL, Kind.SPECIAL, Kind.RESERVED]


def test_of_a_name_that_an_answer_leads_to_only_blocking_is_asked() -> None:
    some = house(deny=["bad.example"], hosts={"nas.home.arpa": "192.168.1.5"})
    assert some.decide_alias("nas.home.arpa") is PASSED
    assert some.decide_alias("localhost") is PASSED
    assert some.decide_alias("www.bad.example").blocks


@pytest.mark.parametrize(("kind", "blocks"), [(kind, kind in {Kind.DENIED, Kind.LISTED}) for kind in Kind])
def test_two_kinds_block(kind: Kind, blocks: bool) -> None:
    assert Verdict(kind).blocks is blocks
    assert Verdict(kind).is_open is (kind is Kind.PASSED)
