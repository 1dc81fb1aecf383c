from app.lists.names import BLOCKS, BLOCKS_BELOW
from app.lists.parsed import Parsed, ParseReport, Why
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


def test_what_is_left_out_is_told_by_reason_the_most_frequent_first_with_two_examples() -> None:
    report = ParseReport()
    for number in range(31):
        report.leave_out(Why.UNSEEN, f"||n{number}.test^$third-party", "$third-party")
    report.leave_out(Why.NOT_LINEAR, "/(?!a)/")
    report.leave_out(Why.UNSEEN, "||a.test/x", "a path")
    assert report.unsupported == 33
    assert report.sentences() == (
        "31 rules need what a DNS server cannot see: $third-party,"
        " like '||n0.test^$third-party' and '||n1.test^$third-party'",
        "1 rule cannot be run in bounded time, like '/(?!a)/'",
        "1 rule needs what a DNS server cannot see: a path, like '||a.test/x'",
    )


def test_reasons_are_few_short_and_harmless_whatever_a_list_says() -> None:
    report = ParseReport()
    for number in range(1000):
        report.leave_out(Why.UNSEEN, "x" * 500, f"${number}\x1b[2J" + "y" * 500)
    sentences = report.sentences()
    assert len(sentences) <= 21
    assert all(len(sentence) < 300 and sentence.isprintable() for sentence in sentences)
    assert sum(int(sentence.split()[0]) for sentence in sentences) == 1000
