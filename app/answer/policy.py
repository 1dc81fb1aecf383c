"""A name -> what becomes of it, and by whose rule. Pure."""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from . import names
from .never_block import NeverBlock
from .records import Alias


class Kind(StrEnum):
    """Who decides about a name."""

    SPECIAL = "special"
    LOCAL = "local"
    RESERVED = "reserved"
    ALLOWED = "allowed"
    NEVER_BLOCKED = "never blocked"
    DENIED = "denied"
    LISTED = "listed"
    PASSED = "passed"


class Verdict(NamedTuple):
    """`rule` is the name that decides, `title` the list, the setting or the document it stands in."""

    kind: Kind
    rule: str = ""
    title: str = ""

    @property
    def blocks(self) -> bool:
        return self.kind is Kind.DENIED or self.kind is Kind.LISTED

    @property
    def is_open(self) -> bool:
        """Nobody has spoken for this name: what its answer leads to is looked at too."""
        return self.kind is Kind.PASSED


PASSED = Verdict(Kind.PASSED)


class Lead(NamedTuple):
    """The name that decides about an answer that leads to it, and what is said of that name."""

    alias: Alias
    verdict: Verdict


Covering = Callable[[Sequence[str]], tuple[str, str] | None]
"""Rule and title for the name with these `names.suffixes`, or None."""


class Names:
    """Names, each with everything below it, and one title for all."""

    def __init__(self, covered: Iterable[str], title: str) -> None:
        self._names = frozenset(covered)
        self._title = title

    def covering(self, suffixes: Sequence[str]) -> tuple[str, str] | None:
        if self._names.isdisjoint(suffixes):
            return None
        return next(name for name in suffixes if name in self._names), self._title


Listed = Callable[[str, str], tuple[str, str] | None]
"""Rule and title of the first list that blocks a name and has no exception for the one that was asked, or None."""


def no_list(_name: str, _asked: str) -> None:
    """Where nothing is listed."""


class Policy:
    """Immutable: when a list, a record or a pause changes, another one takes its place.

    `special`, `local` and `reserved` are asked for what is served here. `is_paused` leaves everything but that to
    upstream.
    """

    def __init__(
        self,
        *,
        special: Covering,
        local: Covering,
        reserved: Covering,
        allow: Iterable[str] = (),
        never_block: Iterable[str] = (),
        deny: Iterable[str] = (),
        listed: Listed = no_list,
        is_paused: bool = False,
    ) -> None:
        self._listed = listed
        self._is_paused = is_paused
        self._wished: tuple[tuple[Kind, Covering], ...] = (
            # A household's own word counts more than any list, also where a name leads to one that is listed.
            (Kind.ALLOWED, Names(allow, "blocking.allow").covering),
            # Lists err, and a phone that misses its probe gives up the whole network.
            (Kind.NEVER_BLOCKED, NeverBlock(never_block).covering),
            # Before the lists, so that `why` and the answer name the setting and not a list that agrees with it.
            (Kind.DENIED, Names(deny, "blocking.deny").covering),
        )
        self._steps: tuple[tuple[Kind, Covering], ...] = (
            # What a standard says about a name is relied upon by programs: no record and no list may change it.
            (Kind.SPECIAL, special),
            # The house's own records: nobody else knows better.
            (Kind.LOCAL, local),
            # What is left of the zones that are served here: asking outside would only tell strangers about the house.
            (Kind.RESERVED, reserved),
            # Lists last, because they cost most and everybody above may overrule them.
            *(() if is_paused else (*self._wished, (Kind.LISTED, lambda suffixes: listed(suffixes[0], suffixes[0])))),
        )

    def decide(self, name: str) -> Verdict:
        """About the name that is asked."""
        return _first(self._steps, name)

    def lead(self, asked: str, aliases: Iterable[Alias]) -> Lead | None:
        """Which of `aliases`, where upstream's answer for the open name `asked` leads, decides about that answer.

        None: none does, and it passes, as it does behind an alias that must not be blocked. Only blocking is still
        open: what is served here has no say about names outside.
        """
        if self._is_paused:
            return None
        steps = (*self._wished, (Kind.LISTED, lambda suffixes: self._listed(suffixes[0], asked)))
        allowed = None
        for alias in aliases:
            found = Lead(alias, _first(steps, alias.name))
            if found.verdict.blocks:
                return found
            if not found.verdict.is_open:
                allowed = allowed or found
                if not alias.is_target:  # what follows is where this one leads; targets stand side by side
                    break
        return allowed


def _first(steps: Iterable[tuple[Kind, Covering]], name: str) -> Verdict:
    suffixes = names.suffixes(name)
    for kind, covering in steps:
        found = covering(suffixes)
        if found is not None:
            return Verdict(kind, *found)
    return PASSED
