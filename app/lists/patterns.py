"""Rules that are no names: patterns over a whole name, and rules with a condition. Pure.

Regular expressions are RE2's, which run in linear time (decision record 28), and AdGuard's have the same syntax. All
patterns of all lists are one automaton, so that a name that none of them hits costs one pass over its letters.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from app import dnsname
from app.errors import ListError
from app.text import printable

from .names import IMPORTANT_LIFT, LIFT, NOTHING

MOST_PATTERNS = 4_000
"""In one list: the longest published ones have some hundreds."""
MOST_INSTRUCTIONS = 30_000
"""Of all programs that RE2 makes of the patterns of one list: what is chosen to be slow takes 25 ms for a name then."""
MOST_SECTION_OCTETS = 2_000_000
"""Of one list, as they stand in its file: readers have them in their memory."""

_ONE_OCTETS, _ALL_OCTETS = 1 << 16, 8 << 20
"""What RE2 may take for one pattern, and for all of them with the states that it has met."""
_ANY_NAMES = (b"q7.zz-3.example", b"www.kfxj0v.test", b"b.invalid", b"_5p.uumw.arpa")
_OF_ADDRESSES = re.compile(r"(?:\^|\(\?:\^\|\\\.\)|\(\?i\))\^?(?:[0-9]{1,3}\\\.|[0-9a-f]{0,4}:)")
"""Begins like an address, which it may be meant for."""
_SENTINEL, _MET = rb"^\x00$", b"\0"
"""Never a name: shows that an automaton works."""


class Pattern(NamedTuple):
    """`text` is the rule as it stands in the list, `weight` what it says (names.BLOCK, ...) about names that `regex`
    (RE2) is found in. It counts for questions of the types `only_types`, if any, but `not_types`, and not for names at
    or below those in `denyallow`."""

    text: str
    regex: str
    weight: int
    only_types: frozenset[int] = frozenset()
    not_types: frozenset[int] = frozenset()
    denyallow: frozenset[str] = frozenset()

    @property
    def lifts(self) -> bool:
        return self.weight in (LIFT, IMPORTANT_LIFT)

    @property
    def meaning(self) -> tuple[object, ...]:
        """What two rules have in common that do the same."""
        return self[1:]

    @property
    def may_be_for_addresses(self) -> bool:
        return _OF_ADDRESSES.match(self.regex) is not None

    def is_for(self, name: str, qtype: int) -> bool:
        if qtype in self.not_types or (self.only_types and qtype not in self.only_types):
            return False
        return not self.denyallow or self.denyallow.isdisjoint(dnsname.suffixes(name))


class Patterns:
    """The patterns of several lists, immutable but for what it remembers of the last name."""

    __slots__ = ("_found", "_matches", "_name", "_of")

    def __init__(self, lists: Sequence[Sequence[Pattern]]) -> None:
        self._of = [(number, pattern) for number, patterns in enumerate(lists) for pattern in patterns]
        self._matches = tuple(_automata(lists)) if self._of else ()
        self._name, self._found = "", list[tuple[int, Pattern]]()

    def hits(self, number: int, name: str) -> Iterator[Pattern]:
        """Those of the list `number` that are found in `name`, whatever their conditions."""
        if name is not self._name:  # or another list has just asked
            self._found = [self._of[at] for begin, match in self._matches for at in _found(match, begin, name)]
            self._name = name
        return (pattern for of, pattern in self._found if of == number) if self._found else iter(())


def _found(match: Any, begin: int, name: str) -> Iterable[int]:
    # What is behind the last pattern is the sentinel, which no name has.
    return (begin + at for at in match(name.encode()) or ())


def _automata(lists: Sequence[Sequence[Pattern]]) -> Iterator[tuple[int, Any]]:
    """One for all, or if that is too much one for each list: where its patterns begin, and what finds them."""
    every = [pattern for patterns in lists for pattern in patterns]
    match = _automaton(every)
    if match is not None:
        yield 0, match
        return
    begin = 0
    for patterns in lists:
        match = _automaton(patterns) if patterns else None
        if match is not None:  # a list that somebody has forged
            yield begin, match
        begin += len(patterns)


def _automaton(patterns: Sequence[Pattern]) -> Any | None:
    re2 = _re2()
    found = re2.Set.SearchSet(_options(_ALL_OCTETS))
    try:
        for pattern in patterns:
            found.Add(pattern.regex.encode("latin-1"))
        found.Add(_SENTINEL)
        found.Compile()
    except (re2.error, UnicodeError):
        return None
    return found.Match if found.Match(_MET) else None


def finder(patterns: Sequence[Pattern]) -> Callable[[str], set[int]]:
    """What says which of `patterns`, by number, are found in a name, whatever their conditions."""
    automata = tuple(_automata([patterns]))
    return lambda name: {at for begin, match in automata for at in _found(match, begin, name)}


class PatternLimits:
    """Which patterns a list may still have."""

    def __init__(self) -> None:
        self._patterns = self._instructions = self._octets = 0

    def size(self, regex: str) -> int | None:
        """The instructions that RE2 makes of `regex`; None if it does not know it, or would need too much."""
        re2 = _re2()
        try:
            return cast(int, re2.compile(regex.encode("latin-1"), _options(_ONE_OCTETS)).programsize)
        except (re2.error, UnicodeError):
            return None

    def is_for_all(self, regex: str) -> bool:
        """Whether it is found in names that nobody can have meant."""
        find = _re2().compile(regex.encode("latin-1"), _options(_ONE_OCTETS)).search
        return all(find(name) for name in _ANY_NAMES)

    def take(self, pattern: Pattern, instructions: int) -> bool:
        """Whether there was room for it."""
        octets = len(pack([pattern]))
        if (
            self._patterns >= MOST_PATTERNS
            or self._instructions + instructions > MOST_INSTRUCTIONS
            or self._octets + octets > MOST_SECTION_OCTETS
        ):
            return False
        self._patterns += 1
        self._instructions += instructions
        self._octets += octets
        return True


def _re2() -> Any:
    import re2  # a list without patterns needs no such library, which takes 4 MB

    return re2


def _options(most_octets: int) -> Any:
    options = _re2().Options()
    options.max_mem, options.never_capture, options.log_errors = most_octets, True, False
    options.encoding = _re2().Options.Encoding.LATIN1  # a name is ASCII, and `.` is one octet then
    return options


def pack(patterns: Iterable[Pattern]) -> bytes:
    return json.dumps(list(patterns), default=sorted).encode()


def unpack(octets: bytes) -> tuple[Pattern, ...]:
    """Raises ListError for what is none, whoever wrote it."""
    if len(octets) > MOST_SECTION_OCTETS:
        raise ListError("is damaged: its patterns are longer than those of a list may be")
    try:
        tree = json.loads(octets)
        found = tuple(Pattern(printable(str(raw[0])), str(raw[1]), *_conditions(*raw[2:])) for raw in tree)
    except (ValueError, TypeError, IndexError, KeyError, RecursionError) as error:
        raise ListError("is damaged: its patterns cannot be read") from error
    if len(found) > MOST_PATTERNS:
        raise ListError("is damaged: it has more patterns than a list may have")
    return found


def _conditions(
    weight: object, only_types: Iterable[object], not_types: Iterable[object], denyallow: Iterable[object]
) -> tuple[int, frozenset[int], frozenset[int], frozenset[str]]:
    if type(weight) is not int or not NOTHING < weight <= IMPORTANT_LIFT:
        raise ValueError("no weight")
    only, but = (frozenset(each for each in types if type(each) is int) for types in (only_types, not_types))
    return weight, only, but, frozenset(map(str, denyallow))
