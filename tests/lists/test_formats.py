"""The table of formats: each line that shows one is read as it says. More lines of each are in test_parse.py."""

from pathlib import Path

import pytest

from app.lists.blocklist import Blocklist
from app.lists.formats import FORMATS, NAMES, Meaning
from app.lists.names import key_of
from app.lists.parsed import Parsed
from tests.fakes.compiled_list import write_list
from tests.fakes.read_list import Found

EXAMPLES = [
    pytest.param(line, meaning, id=f"{each.name}: {line}")
    for each in FORMATS
    for line, meaning in each.examples.items()
]
ADS, WWW, GOOD, BELOW_GOOD = "ads.example.com", "www.ads.example.com", "good.ads.example.com", "x.good.ads.example.com"
LONGER, BADS, WITHIN = "ads.example.community", "bads.example.com", "x-ads.example.com"
THE_ADDRESS, NEAR, FAR = "192.0.2.7", "192.0.2.8", "198.51.100.7"
PROBES = (ADS, WWW, GOOD, BELOW_GOOD, LONGER, BADS, WITHIN, THE_ADDRESS, NEAR, FAR)
ALL_BELOW = {ADS, WWW, GOOD, BELOW_GOOD}
BLOCKED = {
    Meaning.BELOW: ALL_BELOW,
    Meaning.ONLY_BELOW: ALL_BELOW - {ADS},
    Meaning.EXACTLY: {ADS},
    Meaning.AS_THE_LIST: ALL_BELOW,  # in a wildcard list, as the one here is
    Meaning.LONGER: {*ALL_BELOW, LONGER},
    Meaning.BEGINS: {ADS, LONGER},
    Meaning.LABEL_BEGINS: {*ALL_BELOW, LONGER},
    Meaning.ANYWHERE: {WITHIN},
    Meaning.ENDS: {*ALL_BELOW, BADS, WITHIN},
    Meaning.STAR: ALL_BELOW,
    Meaning.REGEX: {ADS},
    Meaning.IMPORTANT: ALL_BELOW,
    Meaning.BUT_FOR: {ADS, WWW},
    Meaning.OF_TYPES: set[str](),
    Meaning.ADDRESS: {THE_ADDRESS},
    Meaning.NETWORK: {THE_ADDRESS, NEAR},
}
"""Of the probes, for questions of type A."""
LEFT = {
    Meaning.LIFTS_BELOW: {ADS, WWW},
    Meaning.LIFTS_ONLY_BELOW: {ADS, WWW, GOOD},
    Meaning.LIFTS_EXACTLY: {ADS, WWW, BELOW_GOOD},
    Meaning.VOIDS: set[str](),
}
"""What is still blocked of all below ads.example.com, by what blocks nothing itself."""


def blocked(folder: Path, *lines: str, qtype: int = 1) -> set[str]:
    blocklist = Blocklist(write_list(folder, "/a.txt", "\n".join(lines)))
    return {name for name in PROBES if blocklist.covering(key_of(name), qtype)}


@pytest.mark.parametrize(("line", "meaning"), EXAMPLES)
def test_a_line_that_shows_a_format_means_what_the_table_says(tmp_path: Path, line: str, meaning: Meaning) -> None:
    report = Found([line.encode()]).report
    assert (report.junk, report.unsupported, report.top_level) == (0, 0, 0)
    alone, after = blocked(tmp_path, line), blocked(tmp_path, f"||{ADS}^", line)
    if meaning in LEFT:
        assert (alone, after) == (set(), LEFT[meaning])
    else:
        assert (alone, after) == (BLOCKED[meaning], BLOCKED[meaning] | ALL_BELOW)
    if meaning is Meaning.OF_TYPES:
        assert blocked(tmp_path, line, qtype=28) == blocked(tmp_path, line, qtype=65) == ALL_BELOW
    if meaning is Meaning.IMPORTANT:
        assert blocked(tmp_path, line, f"@@||{ADS}^") == ALL_BELOW


def test_every_meaning_is_shown_by_a_line() -> None:
    assert {meaning for each in FORMATS for meaning in each.examples.values()} == set(Meaning)


@pytest.mark.parametrize(("line", "meaning"), EXAMPLES)
def test_no_other_format_takes_the_line(line: str, meaning: Meaning) -> None:
    text = line.lower()
    (own,) = (each.name for each in FORMATS if line in each.examples)
    assert [each.name for each in FORMATS if each.reader()(text, text.split(), Parsed(Found([])))] == [own]


def test_what_is_said_of_a_list_that_has_none_names_them_all() -> None:
    assert NAMES.replace(" or ", ", ").split(", ") == [each.name for each in FORMATS]
