"""What a block list says about itself, where its rules go, and a report of what was not understood. Pure."""

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Protocol

from app.text import printable

from .names import is_name, to_ascii
from .suffixes import TOP_LEVEL

MOST_EXAMPLE_CHARACTERS = 60
_MOST_EXAMPLES = 3
_EXAMPLES_OF_TOP_LEVEL = 2


@dataclass(slots=True)
class ParseReport:
    """What became of the lines: `unsupported` were understood and are not for DNS, `top_level` would decide about a
    whole top-level domain or another public suffix, `junk` were not understood."""

    unsupported: int = 0
    top_level: int = 0
    top_level_examples: list[str] = field(default_factory=list)
    junk: int = 0
    examples: list[str] = field(default_factory=list)

    def count_junk(self, text: str) -> None:
        self.junk += 1
        if len(self.examples) < _MOST_EXAMPLES:
            self.examples.append(printable(text, MOST_EXAMPLE_CHARACTERS))

    def count_top_level(self, name: str) -> None:
        self.top_level += 1
        if len(self.top_level_examples) < _EXAMPLES_OF_TOP_LEVEL and name not in self.top_level_examples:
            self.top_level_examples.append(printable(name, MOST_EXAMPLE_CHARACTERS))


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
