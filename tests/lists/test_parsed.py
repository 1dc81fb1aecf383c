from app.lists.names import BLOCKS, BLOCKS_BELOW
from app.lists.parsed import Parsed, ParseReport
from tests.fakes.read_list import Found


def test_a_name_becomes_a_rule_and_what_cannot_be_one_does_not() -> None:
    found = Found([])
    parsed = Parsed(found)
    assert parsed.keep("ads.example", BLOCKS_BELOW)
    assert parsed.keep("b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example", BLOCKS)
    assert found.rules == [(b"ads.example", True), (b"xn--bcher-kva.example", False)]
    assert not any(parsed.keep(name, BLOCKS_BELOW) for name in ("", "a..example", "192.0.2.1", "a b", "x" * 64))
    assert len(found.rules) == 2


def test_a_top_level_domain_is_counted_and_not_kept() -> None:
    found = Found([])
    parsed = Parsed(found)
    assert parsed.keep("com", BLOCKS_BELOW)
    assert (parsed.report.top_level, found.rules) == (1, [])


def test_junk_is_counted_whole_and_shown_in_part() -> None:
    report = ParseReport()
    for number in range(100):
        report.count_junk(f"{number}\x1b[2J" + "x" * 500)
    assert report.junk == 100
    assert [example[0] for example in report.examples] == ["0", "1", "2"]
    assert all(len(example) == 60 and example.isprintable() for example in report.examples)
