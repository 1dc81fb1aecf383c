import pytest

from app.lists import breadth
from app.lists.breadth import below_suffixes
from app.lists.parse import parse
from app.lists.parsed import Parsed
from app.lists.patterns import Pattern
from app.lists.suffixes import Suffixes, published
from tests.fakes.read_list import Found

SUFFIXES = Suffixes(["com", "net", "uk", "co.uk", "ads", "click", "*.ck"])


def read(rule: str, above: Suffixes = SUFFIXES) -> tuple[Parsed, tuple[Pattern, ...]]:
    parsed = parse([rule.encode()], Found([]), above)
    return parsed, below_suffixes(parsed)


@pytest.mark.parametrize(
    "rule",
    [
        r"/\.com$/", "/com$/", r"/\.co\.uk$/", r"/^.+\.com$/", r"/\.(com|net)$/", r"/\.c.m$/", r"/^[^.]+\.com$/",
        r"/\.com\b/", r"@@/\.com$/", r"/\.com$/$important", "||*.c*m^", "o*m^", r"/\.com$/$dnstype=A",
    ],
)  # fmt: skip
def test_a_pattern_for_a_whole_top_level_domain_is_left_out_and_told(rule: str) -> None:
    parsed, kept = read(rule)
    assert kept == ()
    assert (parsed.report.top_level, parsed.report.top_level_examples) == (1, [rule])


@pytest.mark.parametrize(
    ("rule", "spared"),
    [
        ("/ads/", {"ads"}), ("*click*", {"click"}), ("/com/", {"com"}),
        ("@@/[a-z]com|net/$denyallow=a.net", {"net", "a.net"}),
    ],
)  # fmt: skip
def test_a_pattern_that_is_found_in_one_by_chance_counts_but_not_below_it(rule: str, spared: set[str]) -> None:
    parsed, (pattern,) = read(rule)
    assert pattern.denyallow == spared
    assert parsed.report.top_level == parsed.report.unsupported == 0
    assert pattern.is_for("my-ads.example.org", 1)
    assert not any(pattern.is_for(f"bank.{suffix}", 1) for suffix in spared)


@pytest.mark.parametrize(
    "rule", ["-ads.", "||ads.", r"/^ad[0-9]+\./", "stat*.bad.example^", "||bad*.com^", "||ad.*.com^"]
)
def test_other_patterns_stay_as_they_are(rule: str) -> None:
    parsed, kept = read(rule)
    assert kept == parsed.valid_patterns != ()


def test_where_the_operator_wants_them_all_they_all_count() -> None:
    parsed = parse([rb"/\.com$/"], Found([]), ())
    assert below_suffixes(parsed) == parsed.valid_patterns != ()


def test_a_pattern_that_is_found_in_many_is_for_nearly_every_name() -> None:
    parsed, kept = read("/e/", published())
    assert kept == ()
    assert parsed.report.unsupported == 1


def test_what_is_spared_finds_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breadth, "MOST_SECTION_OCTETS", 60)
    parsed, kept = read("/ads/\n/adsy/")
    assert [pattern.text for pattern in kept] == ["/ads/"]
    assert parsed.report.unsupported == 1
