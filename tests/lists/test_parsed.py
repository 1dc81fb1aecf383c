from app.lists.names import rule_of
from app.lists.parsed import Report, rule_from


def test_a_name_becomes_a_rule_and_what_cannot_be_one_does_not() -> None:
    assert rule_from("ads.example", covers_below=True) == rule_of(b"ads.example", covers_below=True)
    assert rule_from("b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example", covers_below=False) == rule_of(
        b"xn--bcher-kva.example", covers_below=False
    )
    assert [rule_from(name, covers_below=True) for name in ("", "a..example", "192.0.2.1", "a b", "x" * 64)] == [
        None
    ] * 5


def test_junk_is_counted_whole_and_shown_in_part() -> None:
    report = Report()
    for number in range(100):
        report.count_junk(f"{number}\x1b[2J" + "x" * 500)
    assert report.junk == 100
    assert [example[0] for example in report.examples] == ["0", "1", "2"]
    assert all(len(example) == 60 and example.isprintable() for example in report.examples)
