"""What the plain names of a list are for, as they tell it themselves."""

from collections.abc import Collection, Iterable
from pathlib import Path

import pytest

from app.lists.compile import Rules
from app.lists.names import BLOCKS, BLOCKS_BELOW, PLAIN, number_of
from app.lists.reach import LEAST_NAMES, PlainNames, Sample, decided


def settled(folder: Path, names: Iterable[str], source: str = "/list.txt") -> PlainNames:
    with Rules(folder, "x") as rules:
        for name in names:
            rules.keep(name.encode(), PLAIN)
        return rules.settle(source)


def listed(count: int, below: float) -> list[str]:
    """`count` names, of which this share lie below another one, all of those at the end."""
    children = round(count * below)
    above = [f"n{index}.example.com" for index in range(count - children)]
    return [*above, *(f"www.{name}" for name in above[:children])]


@pytest.mark.parametrize("count", [LEAST_NAMES, 5000, 100_000])
@pytest.mark.parametrize(("below", "word"), [(0, "wildcard"), (0.01, "wildcard"), (0.05, "exact"), (0.45, "exact")])
def test_the_share_of_names_below_others_tells_the_kinds_apart(
    tmp_path: Path, count: int, below: float, word: str
) -> None:
    """Also where the spool has gone to the disk, and the sample is a small part of all names."""
    reach = settled(tmp_path, listed(count, below))
    assert reach.word == word
    assert reach.kind == {"wildcard": BLOCKS_BELOW, "exact": BLOCKS}[word]
    assert float(reach.why.partition("%")[0]) == pytest.approx(100 * below, abs=2 if below < 0.1 else 5)


def test_names_two_levels_below_another_count_and_those_beside_do_not(tmp_path: Path) -> None:
    apart = [f"n{index}.example.com" for index in range(LEAST_NAMES)]
    assert settled(tmp_path, [*apart, *(f"a.b.{name}" for name in apart)]).word == "exact"
    assert settled(tmp_path, [*apart, *(f"x{name}" for name in apart)]).word == "wildcard"


def test_too_few_names_tell_nothing(tmp_path: Path) -> None:
    few = settled(tmp_path, [*listed(LEAST_NAMES - 1, 0), *listed(LEAST_NAMES - 1, 0)])  # each twice
    assert few == PlainNames(BLOCKS, "exact", "fewer than 1000 such names tell nothing")
    assert settled(tmp_path, listed(LEAST_NAMES, 0)).word == "wildcard"


def test_the_operator_has_the_first_word(tmp_path: Path) -> None:
    said = [settled(tmp_path, listed(2000, 0.3), f"{word}:/list.txt") for word in ("wildcard", "exact")]
    assert said == [
        PlainNames(BLOCKS_BELOW, "wildcard", "the setting says so"),
        PlainNames(BLOCKS, "exact", "the setting says so"),
    ]


def test_without_plain_names_there_is_nothing_to_decide(tmp_path: Path) -> None:
    assert settled(tmp_path, [], "wildcard:/list.txt") == PlainNames()


def test_a_sample_stays_small_and_knows_when_it_has_everything() -> None:
    sample, asked = Sample(), list[int]()
    for index in range(100_000):
        name = f"www.n{index}.example".encode()
        if (number := number_of(name)) < sample.bound:
            sample.add(name, number)

    def among(numbers: Collection[int]) -> set[int]:
        asked.append(len(numbers))
        return set()

    assert decided("/list.txt", sample, among).word == "wildcard"
    assert 1024 <= asked[0] <= 2048
    assert not sample.is_small
