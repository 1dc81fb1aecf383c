"""Whether a plain name of a list is for that name alone, or for everything below it too. Pure.

A line that is a plain name says nothing about it, and both kinds of lists are published. Who writes a list in which a
name is for everything below it leaves out what is below another; who does not lists each name that was seen. The
share of the names that lie below another one is 0 to 1 % in the first kind, and 5 to 76 % in the second.
"""

from collections.abc import Callable, Collection, Iterable, Set
from typing import NamedTuple

from app.config import sources

from .names import BLOCKS, BLOCKS_BELOW, NUMBER_BITS, number_of

LEAST_NAMES = 1000
"""Fewer tell nothing."""
_MOST_SHARE = 0.025
_MOST_NAMES = 2048
"""Of a sample, which has half as many at least: enough to tell 1 % from 5 %."""


class PlainNames(NamedTuple):
    """What a list's plain names are for, as its rules say it (names.BLOCKS, ...), and why that is so, in words. Both
    words are empty where there is no plain name."""

    kind: int = BLOCKS
    word: str = ""
    why: str = ""


class Sample:
    """Some of the plain names of a list: all of them, or those whose numbers are lowest, which are as good as drawn."""

    def __init__(self) -> None:
        self.bound = 1 << NUMBER_BITS
        self._names: dict[int, bytes] = {}

    def add(self, name: bytes, number: int) -> None:
        """Take `name`, whose number is below `bound`."""
        self._names[number] = name
        if len(self._names) > _MOST_NAMES:
            self.bound >>= 1
            self._names = {number: name for number, name in self._names.items() if number < self.bound}

    @property
    def is_small(self) -> bool:
        """Whether the list has too few plain names to tell anything."""
        return self.bound == 1 << NUMBER_BITS and len(self._names) < LEAST_NAMES

    def __bool__(self) -> bool:
        return bool(self._names)

    def share_below(self, among: Callable[[Collection[int]], Set[int]]) -> float:
        """The share of names that lie below another one. `among` says which of some numbers are those of plain names
        of the list."""
        above = {name: set(_above(name)) for name in self._names.values()}
        there = among(set().union(*above.values()))
        return sum(not numbers.isdisjoint(there) for numbers in above.values()) / len(above)


def decided(source: str, sample: Sample, among: Callable[[Collection[int]], Set[int]]) -> PlainNames:
    """As the operator says before the address, or else as the names themselves do."""
    if not sample:
        return PlainNames()
    said = sources.read(source).is_wildcard
    if said is not None:
        return _reach("the setting says so", is_wildcard=said)
    if sample.is_small:
        return _reach(f"fewer than {LEAST_NAMES} such names tell nothing", is_wildcard=False)
    share = sample.share_below(among)
    return _reach(f"{share:.1%} of them lie below another", is_wildcard=share < _MOST_SHARE)


def _reach(why: str, *, is_wildcard: bool) -> PlainNames:
    return PlainNames(BLOCKS_BELOW, "wildcard", why) if is_wildcard else PlainNames(BLOCKS, "exact", why)


def _above(name: bytes) -> Iterable[int]:
    while b"." in (name := name.partition(b".")[2]):
        yield number_of(name)
