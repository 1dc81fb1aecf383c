"""What a block list says about itself, where its rules go, and a report of what was not understood. Pure."""

from collections.abc import Container
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from typing import Protocol

from app.text import printable

from .names import is_name, to_ascii
from .patterns import Pattern, PatternLimits
from .suffixes import TOP_LEVEL

MOST_EXAMPLE_CHARACTERS = 60
_MOST_EXAMPLES = 3
_EXAMPLES_OF_TOP_LEVEL = 2
_MOST_REASONS, _EXAMPLES_OF_A_REASON, _MOST_REASON_CHARACTERS = 20, 2, 100


class Why(Enum):
    """Why rules are left out: the value goes on after "31 rules", or from its bar on after "1 rule"."""

    UNSEEN = "need|needs what a DNS server cannot see"
    OF_ONE_DEVICE = "are|is for one device, and lists are for all"
    CHANGES_ANSWERS = "give|gives a name an address of its own, which no list may"
    OF_THE_ZONE = "say|says nothing about names: records of a zone file"
    OF_SERVERS = "look|looks at who serves a zone, which is not known here"
    OF_NETWORKS = "are|is for a network of addresses that cannot be told by their text"
    OTHER_FORMAT = "are|is in no format that is read here"
    NOT_LINEAR = "cannot be run in bounded time"
    NO_ROOM = "found no room: one list may not have so many patterns"
    NO_ROOM_FOR_LONGER = "count|counts for the name and all below it, but not for longer names: too many patterns"
    TOO_WIDE = "would be for nearly every name"
    WRONG = "have|has an option that says nothing known"


class LeftOut(Exception):
    """Of a rule that is not for us."""

    def __init__(self, why: Why, detail: str = "") -> None:
        self.why, self.detail = why, detail


@dataclass(slots=True)
class ParseReport:
    """What became of the lines: `unsupported` were understood and are left out, `top_level` would decide about a whole
    top-level domain or another public suffix, `junk` were not understood. `left_out` has how many of `unsupported` and
    some, by the reason."""

    unsupported: int = 0
    top_level: int = 0
    top_level_examples: list[str] = field(default_factory=list)
    junk: int = 0
    examples: list[str] = field(default_factory=list)
    left_out: dict[str, tuple[int, list[str]]] = field(default_factory=dict)

    def count_junk(self, text: str) -> None:
        self.junk += 1
        if len(self.examples) < _MOST_EXAMPLES:
            self.examples.append(printable(text, MOST_EXAMPLE_CHARACTERS))

    def count_top_level(self, name: str) -> None:
        self.top_level += 1
        if len(self.top_level_examples) < _EXAMPLES_OF_TOP_LEVEL and name not in self.top_level_examples:
            self.top_level_examples.append(printable(name, MOST_EXAMPLE_CHARACTERS))

    def leave_out(self, why: Why, text: str, detail: str = "") -> None:
        """Count a line that is understood. `detail` is what exactly is the reason, like `$third-party`."""
        self.unsupported += 1
        reason = printable(f"{why.value}: {detail}" if detail else why.value, _MOST_REASON_CHARACTERS)
        if reason not in self.left_out and len(self.left_out) >= _MOST_REASONS:
            reason = f"{why.value}: something else"
        count, shown = self.left_out.get(reason, (0, []))
        if len(shown) < _EXAMPLES_OF_A_REASON:
            shown = [*shown, printable(text, MOST_EXAMPLE_CHARACTERS)]
        self.left_out[reason] = count + 1, shown

    def sentences(self) -> tuple[str, ...]:
        """What is left out and why, the most frequent first: "31 rules need ...: $third-party, like ..."."""
        ordered = sorted(self.left_out.items(), key=lambda item: -item[1][0])
        return tuple(
            f"{_counted(count, reason)}, like {' and '.join(map(repr, shown))}" for reason, (count, shown) in ordered
        )


def _counted(count: int, reason: str) -> str:
    some, bar, one = reason.partition("|")
    if count == 1:
        return f"1 rule {one if bar else reason}"
    return f"{count} rules {some}{one[one.index(' ') :] if bar else ''}"


class RuleSink(Protocol):
    """Takes what a list says about a name: a kind of names.py."""

    def keep(self, name: bytes, kind: int) -> None: ...
    def take_back(self, name: bytes, kind: int) -> None:
        """The same rule is void, wherever in the list it is."""


@dataclass(slots=True)
class Parsed:
    """A list that is being read: its rules go to `rules`, duplicates and all, as they come. Those for names in `above`
    are left out: none, if the operator has named the list with `tlds:`."""

    rules: RuleSink
    above: Container[bytes] = TOP_LEVEL
    title: str = ""
    report: ParseReport = field(default_factory=ParseReport)
    patterns: list[Pattern] = field(default_factory=list)
    void: set[tuple[object, ...]] = field(default_factory=set)
    limits: PatternLimits = field(default_factory=PatternLimits)
    addresses: int = 0

    def keep(self, name: str, kind: int, *, is_void: bool = False) -> bool:
        """Whether `name`, in lower case without its last dot, is one: then the rule is kept, or counted if the name
        is in `above`."""
        octets = name.encode() if name.isascii() else to_ascii(name)
        if octets is None or not is_name(octets):
            return False
        if octets in self.above:
            self.report.count_top_level(octets.decode())
        elif is_void:
            self.rules.take_back(octets, kind)
        else:
            self.rules.keep(octets, kind)
        return True

    def leaves_out_above(self, name: str, text: str) -> bool:
        """Whether the rule `text`, for all that ends with `name`, is left out, and counted, because of `above`."""
        is_above = name.encode() in self.above
        if is_above:
            self.report.count_top_level(text)
        return is_above

    def keep_address(self, address: str, kind: int, *, is_void: bool = False) -> bool:
        """Whether this is an IP address: then the rule is kept, for answers that have it."""
        try:
            octets = str(ip_address(address)).encode()
        except ValueError:
            return False
        (self.rules.take_back if is_void else self.rules.keep)(octets, kind)
        self.addresses += 1
        return True

    def keep_pattern(self, pattern: Pattern, no_room: Why = Why.NO_ROOM, *, is_void: bool = False) -> None:
        """Raises LeftOut."""
        if is_void:
            self.void.add(pattern.meaning)
            return
        size = self.limits.size(pattern.regex)
        if size is None:
            raise LeftOut(Why.NOT_LINEAR)
        if not pattern.denyallow and self.limits.is_for_all(pattern.regex):
            raise LeftOut(Why.TOO_WIDE)
        if not self.limits.take(pattern, size):
            raise LeftOut(no_room)
        self.patterns.append(pattern)
        self.addresses += pattern.may_be_for_addresses

    @property
    def valid_patterns(self) -> tuple[Pattern, ...]:
        """Each once, without those that the list takes back."""
        return tuple({each.meaning: each for each in self.patterns if each.meaning not in self.void}.values())
