"""What was read of a block list: its rules, and a report of what was not understood. Pure."""

from dataclasses import dataclass, field

from app.text import printable

from .names import is_name, rule_of, to_ascii

MOST_EXAMPLE_CHARACTERS = 60
_MOST_EXAMPLES = 3


@dataclass(slots=True)
class Report:
    """What became of the lines: `unsupported` were understood and are not for DNS, `junk` were not understood."""

    unsupported: int = 0
    junk: int = 0
    examples: list[str] = field(default_factory=list)

    def count_junk(self, text: str) -> None:
        self.junk += 1
        if len(self.examples) < _MOST_EXAMPLES:
            self.examples.append(printable(text, MOST_EXAMPLE_CHARACTERS))


@dataclass(slots=True)
class Parsed:
    """Rules as in names.py, in the order of the list, duplicates and all; `void` are those that it takes back."""

    title: str = ""
    rules: list[bytes] = field(default_factory=list)
    exceptions: list[bytes] = field(default_factory=list)
    void_rules: set[bytes] = field(default_factory=set)
    void_exceptions: set[bytes] = field(default_factory=set)
    report: Report = field(default_factory=Report)


def rule_from(name: str, *, covers_below: bool) -> bytes | None:
    """The rule for a name in lower case without its last dot; None for what cannot be a name."""
    octets = name.encode() if name.isascii() else to_ascii(name)
    return rule_of(octets, covers_below=covers_below) if octets is not None and is_name(octets) else None
