"""The table of formats: each line that shows one is read as it says. More lines of each are in test_parse.py."""

import pytest

from app.lists.formats import FORMATS, NAMES, Meaning
from app.lists.parsed import Parsed
from tests.fakes.read_list import Found

EXAMPLES = [
    pytest.param(line, meaning, id=f"{each.name}: {line}")
    for each in FORMATS
    for line, meaning in each.examples.items()
]
ADS, GOOD, FOR_ADS = "ads.example.com", "good.ads.example.com", ("||ads.example.com^\n", "ads.example.com CNAME .\n")


@pytest.mark.parametrize(("line", "meaning"), EXAMPLES)
def test_a_line_that_shows_a_format_means_what_the_table_says(line: str, meaning: Meaning) -> None:
    alone, after = Found([line.encode()]), Found([f"||{ADS}^\n{line}\n".encode()])
    assert (alone.report.junk, alone.report.unsupported) == (0, 0)
    what_is_blocked = [alone.blocks(ADS), alone.blocks(f"www.{ADS}")]
    what_is_left = [after.blocks(name) for name in (ADS, GOOD, f"www.{GOOD}")]
    expected = {
        Meaning.BELOW: ([True, True], [True, True, True]),
        Meaning.AS_THE_LIST: ([True, True], [True, True, True]),  # in a wildcard list, as the one here is
        Meaning.ONLY_BELOW: ([False, True], [True, True, True]),
        Meaning.EXACTLY: ([True, False], [True, True, True]),
        Meaning.LIFTS_BELOW: ([False, False], [True, False, False]),
        Meaning.LIFTS_EXACTLY: ([False, False], [True, False, True]),
        Meaning.VOIDS: ([False, False], [False, False, False]),
    }
    assert (what_is_blocked, what_is_left) == expected[meaning]


@pytest.mark.parametrize(("line", "meaning"), EXAMPLES)
def test_no_other_format_takes_the_line(line: str, meaning: Meaning) -> None:
    text = line.lower()
    (own,) = (each.name for each in FORMATS if line in each.examples)
    assert [each.name for each in FORMATS if each.reader()(text, text.split(), Parsed(Found([])))] == [own]


def test_what_is_said_of_a_list_that_has_none_names_them_all() -> None:
    assert NAMES.replace(" or ", ", ").split(", ") == [each.name for each in FORMATS]
