import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ListError
from app.lists import patterns as patterns_module
from app.lists.blocklist import Blocklists
from app.lists.names import BLOCK, LIFT, key_of
from app.lists.patterns import (
    MOST_INSTRUCTIONS,
    MOST_PATTERNS,
    MOST_SECTION_OCTETS,
    Pattern,
    PatternLimits,
    Patterns,
    pack,
    unpack,
)
from tests.fakes.compiled_list import write_list
from tests.fakes.read_list import Found

ADS = Pattern("-ads.", r"\-ads\.", BLOCK)
TRACK = Pattern("@@||track*", r"(?:^|\.)track.*", LIFT, frozenset({1}), denyallow=frozenset({"a.test"}))
MOST_S = 0.5
"""For one name, whatever a list has: 25 ms on a quiet machine."""


def test_what_was_packed_comes_back() -> None:
    assert unpack(pack([ADS, TRACK])) == (ADS, TRACK)


@pytest.mark.parametrize(
    "tree",
    [
        1, {"a": 1}, [1], [[]], [["a"]], [["a", "b"]], [["a", "b", "1", [], [], []]], [["a", "b", 5, [], [], []]],
        [["a", "b", 1, 2, [], []]], [["a", "b", True, [], [], []]], [["a", "b", 1, [], [], [], []]],
        [["a", "b", 1, [], [], []]] * (MOST_PATTERNS + 1),
    ],
)  # fmt: skip
def test_what_is_no_section_of_patterns_is_refused(tree: object) -> None:
    with pytest.raises(ListError, match="is damaged"):
        unpack(json.dumps(tree).encode())


@given(st.binary())
def test_any_octets_are_patterns_or_refused(octets: bytes) -> None:
    try:
        unpack(octets)
    except ListError:
        return


def test_each_list_has_its_own_hits_of_one_search() -> None:
    patterns = Patterns([[], [ADS], [TRACK, ADS]])
    name = "track.my-ads.test"
    assert [list(patterns.hits(number, name)) for number in range(3)] == [[], [ADS], [TRACK, ADS]]
    assert not list(patterns.hits(1, "my.test"))
    assert list(patterns.hits(1, "x-ads.test")) == [ADS]


def test_a_pattern_has_conditions() -> None:
    assert TRACK.is_for("track.test", 1)
    assert not TRACK.is_for("track.test", 28)
    assert not TRACK.is_for("track.a.test", 1)
    assert not TRACK.is_for("a.test", 1)
    assert TRACK.is_for("aa.test", 1)


def test_names_that_patterns_are_not_for_cost_no_time_however_many_they_are() -> None:
    pairs = [f"{first}{second}.c" for first in "abcdefghijklmnopqrstuvwxyz" for second in "abcdefghijklmnopqrstuvwxyz"]
    spared = "|".join([*pairs, "test"])
    found = Found(f"/a{number % 10}|{'b' * (number // 10)}c/$denyallow={spared}\n".encode() for number in range(200))
    patterns = found.patterns
    assert len(patterns) > 100
    begun_s = time.process_time()
    for _ in range(10):
        assert not any(pattern.is_for("a.test", 1) for pattern in patterns)
    assert time.process_time() - begun_s < 10 * len(patterns) * 20e-6


def test_patterns_are_bounded_in_octets() -> None:
    spared = "|".join(f"{'n' * 40}{number}.test" for number in range(80))
    found = Found(f"/n{number}/$denyallow={spared}\n".encode() for number in range(1000))
    assert 100 < len(found.patterns) < 1000
    assert len(pack(found.patterns)) <= MOST_SECTION_OCTETS
    assert "found no room" in found.report.sentences()[0]
    forged = pack([Pattern("x" * 100, "x", BLOCK)] * (MOST_SECTION_OCTETS // 100))
    with pytest.raises(ListError, match="longer than those of a list may be"):
        unpack(forged)


def test_patterns_of_a_list_that_is_forged_find_nothing_and_harm_no_other() -> None:
    forged = Pattern("x", "(?!x)", BLOCK)
    assert not list(Patterns([[forged]]).hits(0, "x.test"))
    patterns = Patterns([[ADS], [forged], [ADS]])
    assert [list(patterns.hits(number, "x-ads.test")) for number in range(3)] == [[ADS], [], [ADS]]


def test_lists_that_are_too_long_for_one_automaton_have_one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Pattern(f"{number}", rf"\-n{number}\.", BLOCK) for number in range(2000)]
    monkeypatch.setattr(patterns_module, "_ALL_OCTETS", 300_000)
    lists = [many[:1000], many[1000:]]
    assert len(Patterns([many])._matches) == 0
    assert len(Patterns(lists)._matches) == 2
    assert list(Patterns(lists).hits(1, "x-n1005.test")) == [many[1005]]
    assert list(Patterns(lists).hits(0, "x-n5.test")) == [many[5]]


def test_the_lists_in_use_share_one_automaton(tmp_path: Path) -> None:
    lists = Blocklists(tmp_path, ["/a", "/b"])
    write_list(tmp_path, "/a", "-ads.\n||a.test^")
    write_list(tmp_path, "/b", "@@-ads.\n-px.")
    lists.look()
    found = [blocklist.says(key_of("x-ads.b.test")) for blocklist in lists.current]
    assert found == [(BLOCK, "-ads."), (LIFT, "@@-ads.")]
    write_list(tmp_path, "/b", "-px.")
    lists.look()
    found = [blocklist.says(key_of("x-ads.b.test")) for blocklist in lists.current]
    assert found == [(BLOCK, "-ads."), (0, "")]


def test_patterns_are_bounded_in_number_and_size() -> None:
    found = Found(f"-n{number}.\n".encode() for number in range(MOST_PATTERNS + 10))
    limits = PatternLimits()
    assert len(found.patterns) < MOST_PATTERNS + 10
    assert sum(limits.size(pattern.regex) or 0 for pattern in found.patterns) <= MOST_INSTRUCTIONS
    assert len(found.patterns) + found.report.unsupported == MOST_PATTERNS + 10
    (sentence,) = found.report.sentences()
    assert "one list may not have so many patterns, like '-n" in sentence


def test_a_name_that_ends_in_the_middle_is_still_blocked_when_there_is_no_room_for_patterns() -> None:
    found = Found(f"||n{number}.test\n".encode() for number in range(MOST_PATTERNS))
    assert len(found.rules) == MOST_PATTERNS
    assert "but not for longer names" in found.report.sentences()[0]


def test_a_pattern_that_is_long_by_itself_is_left_out() -> None:
    for text in ("/^a{1000}{1000}/", "/" + "(a|b){900}" * 40 + "/", "/[\u0100-\uffff]{900}/"):
        found = Found([text.encode()])
        assert found.patterns == ()
        assert found.report.unsupported == 1


@pytest.mark.parametrize("kind", ["stars", "counts", "alternatives"])
def test_patterns_that_were_chosen_to_be_slow_take_linear_time(kind: str) -> None:
    draw = random.Random(1)

    def hostile() -> str:
        if kind == "stars":
            return "*".join("".join(draw.choices("abcdefgh", k=2)) for _ in range(8)) + "^"
        if kind == "counts":
            return f"/a.{{{draw.randint(20, 200)}}}b[a-z]c/"
        return "/(a|aa|ab|b)+" + draw.choice("xyz") * draw.randint(1, 30) + "/"

    found = Found(f"{hostile()}\n".encode() for _ in range(MOST_PATTERNS))
    patterns = Patterns([found.patterns])
    assert len(found.patterns) > 50
    names = ["".join(draw.choices("ab.", k=253)) for _ in range(10)]
    for name in names:
        begun_s = time.process_time()
        list(patterns.hits(0, name))
        assert time.process_time() - begun_s < MOST_S
