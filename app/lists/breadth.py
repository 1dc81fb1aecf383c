"""Patterns that are found in every name below a top-level domain or another public suffix. Pure.

`/\\.com$/` is a rule for all of `com`, and is left out like `||com^`. `/ads/` is none for `ads`, which is a top-level
domain by chance: it counts, but not below that.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from .parsed import Parsed, Why
from .patterns import MOST_SECTION_OCTETS, Pattern, finder, pack
from .suffixes import Suffixes

_PAIRS = (("q7zz-3kx", "kfxj0v5w"), ("q7.zz-3", "www.kfxj0v"))
"""Beginnings of names that nobody can have meant: what is found in both of a pair, the rest of the name decides."""
_MOST_SUFFIXES = 50
"""That a pattern which is meant otherwise can be found in by chance."""


def below_suffixes(parsed: Parsed) -> tuple[Pattern, ...]:
    """The patterns of a list that are for names below those in `parsed.above`; what is left out is counted."""
    patterns = parsed.valid_patterns
    if not patterns or not isinstance(parsed.above, Suffixes):
        return patterns
    covered = _covered(patterns, parsed.above.names)
    return tuple(_kept(patterns, covered, parsed))


def _covered(patterns: tuple[Pattern, ...], suffixes: Iterable[str]) -> dict[int, set[str]]:
    """By the number of a pattern, those of `suffixes` below which it is found in everything."""
    find, covered = finder(patterns), defaultdict[int, set[str]](set)
    for suffix in suffixes:
        for first, second in _PAIRS:
            found = find(f"{first}.{suffix}")
            for number in found and found & find(f"{second}.{suffix}"):
                covered[number].add(suffix)
    return covered


def _kept(patterns: tuple[Pattern, ...], covered: dict[int, set[str]], parsed: Parsed) -> Iterator[Pattern]:
    octets = 0
    for number, pattern in enumerate(patterns):
        suffixes = covered.get(number, set())
        if suffixes and _is_for_whole(pattern, suffixes):
            parsed.report.count_top_level(pattern.text)
            continue
        if len(suffixes) > _MOST_SUFFIXES:
            parsed.report.leave_out(Why.TOO_WIDE, pattern.text)
            continue
        spared = pattern._replace(denyallow=pattern.denyallow | suffixes)
        octets += len(pack([spared]))
        if octets > MOST_SECTION_OCTETS:
            parsed.report.leave_out(Why.NO_ROOM, pattern.text)
            continue
        yield spared


def _is_for_whole(pattern: Pattern, suffixes: set[str]) -> bool:
    """Whether it is found only where the name ends in one of them, and not where that goes on."""
    find = finder((pattern,))
    return any(
        not find(f"{first}.{suffix}x") for suffix in suffixes for first, _ in _PAIRS if find(f"{first}.{suffix}")
    )
