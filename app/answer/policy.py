"""A name -> what becomes of it, and by whose rule. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol, final

from app import dnsname

from . import wire
from .never_block import NeverBlock
from .records import Target, addresses


@final
class Kind(StrEnum):
    """Who decides about a name, in the order in which they are asked: the first who has a word about it decides."""

    SPECIAL = "special"
    LOCAL = "local"
    RESERVED = "reserved"
    ALLOWED = "allowed"
    NEVER_BLOCKED = "never blocked"
    DENIED = "denied"
    ALLOW_LISTED = "allow-listed"
    EXCEPTED_IMPORTANTLY = "excepted importantly"
    LISTED_IMPORTANTLY = "listed importantly"
    EXCEPTED = "excepted"
    LISTED = "listed"
    PASSED = "passed"


MEANINGS = {
    # What a standard says about a name is relied upon by programs: no record and no list may change it.
    Kind.SPECIAL: "special names whose answers a standard fixes, like `localhost`",
    # The records of the home itself: nobody else knows better.
    Kind.LOCAL: "names of the home: the setting `local`",
    # What is left of the zones that are served here: asking outside would only tell strangers about the home.
    Kind.RESERVED: "the other special names, like `home.arpa`",
    # A household's own word counts more than any list, also where a name leads to one that is listed.
    Kind.ALLOWED: "your own names that are allowed: `blocking.allow`",
    # Lists err, and a phone that misses its probe gives up the whole network.
    Kind.NEVER_BLOCKED: "names that devices test their network with: built in, and `blocking.never_block`",
    # Before the lists, so that `why` and the answer name the setting and not a list that agrees with it.
    Kind.DENIED: "your own names that are blocked: `blocking.deny`",
    Kind.ALLOW_LISTED: "allow lists: `blocking.allow_lists`, and every list that has exceptions only",
    Kind.EXCEPTED_IMPORTANTLY: "exceptions with `$important`, of any list",
    Kind.LISTED_IMPORTANTLY: "rules with `$important`, of any list",
    Kind.EXCEPTED: "exceptions (`@@`), of any list",
    Kind.LISTED: "all other rules, of any list",
}
"""Whose word each is; nobody's is left for Kind.PASSED."""

BLOCKING = frozenset({Kind.DENIED, Kind.LISTED_IMPORTANTLY, Kind.LISTED})
_OPEN = frozenset({Kind.EXCEPTED_IMPORTANTLY, Kind.EXCEPTED, Kind.PASSED})


@final
class NameVerdict(NamedTuple):
    """`rule` is the name that decides, `title` the list, the setting or the document it stands in."""

    kind: Kind
    rule: str = ""
    title: str = ""

    @property
    def blocks(self) -> bool:
        return self.kind in BLOCKING

    @property
    def is_open(self) -> bool:
        """What its answer leads to is looked at too: nobody has spoken for this name, or a list's exception has, which
        holds for where it leads too, but only against lists."""
        return self.kind in _OPEN


PASSED = NameVerdict(Kind.PASSED)


@final
class TargetVerdict(NamedTuple):
    """The name that decides about an answer that leads to it, and what is said of that name."""

    target: Target
    verdict: NameVerdict


Match = tuple[str, str]
"""The rule that is for a name, and the title of where it stands."""


class Matcher(Protocol):
    """Rules for names. Those for a name are among `concerned`, or right below one of these: if none of its suffixes is
    there, nothing matches it."""

    @property
    def concerned(self) -> AbstractSet[str]: ...
    def match(self, suffixes: Sequence[str]) -> Match | None:
        """The rule for the name with these `dnsname.suffixes`."""


@final
class DomainSet:
    """Names, each with everything below it, and one title for all, but for those that `titles` has."""

    __slots__ = ("_title", "_titles", "concerned")

    def __init__(self, names: Iterable[str], title: str, titles: Mapping[str, str] = MappingProxyType({})) -> None:
        self.concerned = frozenset(names)
        self._title = title
        self._titles = titles

    def match(self, suffixes: Sequence[str]) -> Match | None:
        rule = next((name for name in suffixes if name in self.concerned), None)
        return None if rule is None else (rule, self._titles.get(rule, self._title))


Listed = Callable[[str, int, str, int], NameVerdict | None]
"""The verdict of the lists about a name, or an address, for records of a type, to which the name leads that was asked,
for records of a type of its own. The exceptions for what was asked count for it too."""


def no_list(_name: str, _rtype: int, _asked: str, _qtype: int) -> None:
    """Where nothing is listed."""


@final
class Policy:
    """Immutable: when a list, a record or a pause changes, another one takes its place.

    `special`, `local` and `reserved` are asked for what is served here. `is_paused` leaves everything but that to
    upstream. `looks_at_addresses`: a list has rules for addresses that answers have. `titles` are where names
    of `allow` and `deny` stand that are in no setting.
    """

    __slots__ = ("_blocking", "_concerned", "_is_paused", "_listed", "_steps", "looks_at_addresses")

    def __init__(
        self,
        *,
        special: Matcher,
        local: Matcher,
        reserved: Matcher,
        allow: Iterable[str] = (),
        never_block: Iterable[str] = (),
        deny: Iterable[str] = (),
        listed: Listed = no_list,
        looks_at_addresses: bool = False,
        is_paused: bool = False,
        titles: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        # Lists come after all that is here, because they cost most and everybody else may overrule them.
        self._listed = listed
        self.looks_at_addresses = looks_at_addresses and not is_paused
        self._is_paused = is_paused
        own: tuple[Matcher, ...] = (
            DomainSet(allow, "blocking.allow", titles),
            NeverBlock(never_block),
            DomainSet(deny, "blocking.deny", titles),
        )
        blocking = dict(zip((Kind.ALLOWED, Kind.NEVER_BLOCKED, Kind.DENIED), own, strict=True))
        self._blocking = _in_order(blocking)
        served: dict[Kind, Matcher] = {Kind.SPECIAL: special, Kind.LOCAL: local, Kind.RESERVED: reserved}
        self._steps = _in_order(served if is_paused else served | blocking)
        # Most names are nobody's: one look says so, instead of one for each step.
        self._concerned = frozenset(name for _, matcher in self._steps for name in matcher.concerned)

    def decide(self, name: str, qtype: int = wire.TYPE_A) -> NameVerdict:
        """About the name that is asked for records of a type."""
        suffixes = dnsname.suffixes(name)
        if not self._concerned.isdisjoint(suffixes):
            for kind, matcher in self._steps:
                found = matcher.match(suffixes)
                if found is not None:
                    return NameVerdict(kind, *found)
        return PASSED if self._is_paused else self._listed(name, qtype, name, qtype) or PASSED

    def decide_targets(
        self, asked: str, targets: Iterable[Target], response: bytes = b"", qtype: int = wire.TYPE_A
    ) -> TargetVerdict | None:
        """Which of `targets`, where upstream's answer for records `qtype` of the open name `asked` leads, decides about
        that answer. Where a list has rules for addresses, those in `response` count as well. Raises UpstreamError for
        what it cannot read.

        None: none does, and it passes, as it does behind an alias that must not be blocked. Only blocking is still
        open: what is served here has no say about names outside.
        """
        if self._is_paused:
            return None
        if self.looks_at_addresses and response:
            targets = [*targets, *addresses(response)]
        allowed = None
        for target in targets:
            found = TargetVerdict(target, self._decide_target(target, asked, qtype))
            if found.verdict.blocks:
                return found
            if not found.verdict.is_open:
                allowed = allowed or found
                if not (target.is_service or target.is_address):  # what follows is where it leads: those lead nowhere
                    break
        return allowed

    def _decide_target(self, target: Target, asked: str, qtype: int) -> NameVerdict:
        suffixes = dnsname.suffixes(target.name)
        for kind, matcher in self._blocking:
            found = matcher.match(suffixes)
            if found is not None:
                return NameVerdict(kind, *found)
        return self._listed(target.name, target.rtype, asked, qtype) or PASSED


def _in_order(matchers: Mapping[Kind, Matcher]) -> tuple[tuple[Kind, Matcher], ...]:
    return tuple((kind, matchers[kind]) for kind in Kind if kind in matchers)
