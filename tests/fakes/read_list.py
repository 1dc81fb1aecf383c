"""A block list that was read, with its rules as they came and no compiled file."""

from collections.abc import Iterable

from app.lists.names import ANY_BLOCKS, ANY_LIFTS, BLOCKS_BELOW, OF_BELOW, OF_ITSELF, PLAIN
from app.lists.parse import parse
from app.lists.parsed import ParseReport

Rule = tuple[bytes, bool]
"""A name, and whether what is below it is meant as well."""


class Found:
    """What a wildcard list says, and what became of its lines."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.plain: list[bytes] = []
        self._kept: list[tuple[bytes, int]] = []
        self._void: list[tuple[bytes, int]] = []
        read = parse(pieces, self)
        self.title, self.report, self.patterns = read.title, read.report, read.valid_patterns

    def keep(self, name: bytes, kind: int) -> None:
        if kind == PLAIN:
            self.plain.append(name)
        self._kept.append((name, kind or BLOCKS_BELOW))

    def take_back(self, name: bytes, kind: int) -> None:
        self._void.append((name, kind))

    @property
    def rules(self) -> list[Rule]:
        return self._rules(lifts=False)

    @property
    def exceptions(self) -> list[Rule]:
        return self._rules(lifts=True)

    def blocks(self, name: str) -> bool:
        return self._has(name, ANY_BLOCKS) and not self._has(name, ANY_LIFTS)

    def _has(self, name: str, kinds: int) -> bool:
        kept = [rule for rule in self._kept if rule not in self._void]
        return any(
            (kind & kinds & OF_ITSELF and name.encode() == rule)
            or (kind & kinds & OF_BELOW and name.encode().endswith(b"." + rule))
            for rule, kind in kept
        )

    def _rules(self, *, lifts: bool) -> list[Rule]:
        kept = [rule for rule in self._kept if rule not in self._void and (rule[1] & ANY_LIFTS != 0) is lifts]
        return [(name, kind & OF_BELOW != 0) for name, kind in kept]

    @property
    def kinds(self) -> list[int]:
        return [kind for _, kind in self._kept]

    def all(self) -> tuple[str, list[Rule], list[Rule], ParseReport]:
        return self.title, self.rules, self.exceptions, self.report
