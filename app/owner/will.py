"""What the owner has set: one immutable value, and the next one after a change. Pure.

Each thing that was set has a stamp and an origin: of two values of one thing, set on two boxes, the one with the higher
stamp is the later one. Stamps are milliseconds since 1970, but never go back: whoever has seen a higher one goes
on from there, whatever its clock says. What was taken back leaves its stamp behind, so that this is later too.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

NAME, LIST, DEVICE, PAUSE = "name", "list", "device", "pause"
ALLOW, DENY = "allow", "deny"
BLOCKS, ALLOWS, OFF = "block", "allow", "off"
ALL = "all"
"""Whose pause it is that is for every device."""

VALUES = {NAME: (ALLOW, DENY), LIST: (BLOCKS, ALLOWS, OFF)}
MOST = {NAME: 1000, LIST: 32, DEVICE: 256, PAUSE: 16}
"""Of each kind: what no household reaches, and what a file of MOST_OCTETS can hold."""
WORDS = {NAME: "names", LIST: "lists", DEVICE: "names of devices", PAUSE: "pauses"}
MOST_CHANGES = 10
MOST_STEPS = 32
"""In one change, which is told and undone as a whole."""
_MOST_GONE = 500
"""What was taken back and is remembered all the same."""


class Key(NamedTuple):
    """`of` is a name, the source of a list, or the address of a device."""

    kind: str
    of: str


@dataclass(frozen=True, slots=True)
class OwnerEntry:
    """What is set: `value` is None if it was taken back. `at_s` is when, in seconds since 1970, 0 if the clock was not
    set; `by` says from where, `origin` on which box. `more` is what a later version has written beside these."""

    key: Key
    value: object
    stamp: int
    at_s: int
    by: str
    origin: str
    more: Mapping[str, object] = field(default_factory=dict)


def ends_at_s(pause: OwnerEntry) -> int:
    """In seconds since 1970; 0 for what is no pause."""
    return pause.value if pause.key.kind == PAUSE and type(pause.value) is int else 0


class ChangeStep(NamedTuple):
    """What a change did to one thing. None stands for nothing."""

    key: Key
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Change:
    """`undone_by` is empty unless it was undone, at `undone_at_s`."""

    number: int
    steps: tuple[ChangeStep, ...]
    stamp: int
    at_s: int
    by: str
    origin: str
    undone_by: str = ""
    undone_at_s: int = 0
    more: Mapping[str, object] = field(default_factory=dict)


class Moment(NamedTuple):
    """When something is set, and from where. `now_s` is None while the clock is not set."""

    now_s: float | None
    by: str


@dataclass(frozen=True, slots=True)
class Will:
    """`box` names the box that sets. `changes` are the last ones, the oldest first."""

    box: str
    entries: Mapping[Key, OwnerEntry] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def stamp(self) -> int:
        """The highest that was seen."""
        set_last = max((entry.stamp for entry in self.entries.values()), default=0)
        return max(set_last, *(change.stamp for change in self.changes), 0)

    def value(self, key: Key) -> object:
        entry = self.entries.get(key)
        return None if entry is None else entry.value

    def live(self, kind: str, *values: str) -> Iterator[OwnerEntry]:
        """What is set of a kind, to one of `values` if there are any. What this version does not know is left out."""
        known = values or VALUES.get(kind, ())
        for entry in self.entries.values():
            right = int if kind == PAUSE else str
            if entry.key.kind == kind and type(entry.value) is right and (not known or entry.value in known):
                yield entry

    def names(self, value: str) -> list[str]:
        return [entry.key.of for entry in self.live(NAME, value)]

    def after(self, wanted: Mapping[Key, object], moment: Moment) -> "Will":
        """With what is `wanted`, by key; None takes it back. The same if all is so already. Raises ValueError if that
        were too much."""
        steps = [ChangeStep(key, self.value(key), value) for key, value in wanted.items() if self.value(key) != value]
        if not steps:
            return self
        if len(steps) > MOST_STEPS:
            raise ValueError(f"must be {MOST_STEPS} at most in one change (got {len(steps)})")
        changed = self._set(steps, moment)
        changed.require_room(kinds={step.key.kind for step in steps if step.after is not None})
        number = max((change.number for change in self.changes), default=0) + 1
        change = Change(number, tuple(steps), changed.stamp, int(moment.now_s or 0), moment.by, self.box)
        return replace(changed, changes=(*self.changes, change)[-MOST_CHANGES:])

    def require_room(self, kinds: Collection[str]) -> None:
        """Raises ValueError if more of one of these kinds is set than may be."""
        for kind in kinds:
            count = sum(1 for _ in self.live(kind))
            if count > MOST[kind]:
                raise ValueError(f"must be {MOST[kind]} {WORDS[kind]} at most (there would be {count})")

    def undone(self, number: int | None, moment: Moment) -> tuple["Will", Change]:
        """Without what the change of this number did, or the last one that was not undone, which is returned too.

        Raises ValueError.
        """
        change = self._to_undo(number)
        for step in change.steps:
            if self.value(step.key) != step.after:
                raise ValueError(f"change {change.number} cannot be undone: {step.key.of} was changed again since")
        changed = self._set([ChangeStep(step.key, step.after, step.before) for step in change.steps], moment)
        undone = replace(change, undone_by=moment.by, undone_at_s=int(moment.now_s or 0))
        changes = tuple(undone if each is change else each for each in self.changes)
        return replace(changed, changes=changes), undone

    def _to_undo(self, number: int | None) -> Change:
        for change in reversed(self.changes):
            if number is None and not change.undone_by:
                return change
            if number == change.number:
                if change.undone_by:
                    raise ValueError(f"change {number} was undone already")
                return change
        if number is None:
            raise ValueError("there is nothing to undo")
        raise ValueError(f"there is no change {number} among the last {MOST_CHANGES}")

    def _set(self, steps: Sequence[ChangeStep], moment: Moment) -> "Will":
        stamp = max(int((moment.now_s or 0) * 1000), self.stamp + 1)
        at_s = int(moment.now_s or 0)
        entries = dict(self.entries)
        for step in steps:
            # What was set last comes last, as people expect of a list.
            old = entries.pop(step.key, None)
            more = old.more if old else {}
            entries[step.key] = OwnerEntry(step.key, step.after, stamp, at_s, moment.by, self.box, more)
        return replace(self, entries=_without_the_oldest_gone(entries, moment.now_s))


def _without_the_oldest_gone(entries: dict[Key, OwnerEntry], now_s: float | None) -> dict[Key, OwnerEntry]:
    """Pauses that are over are gone as well."""
    over_s = now_s or 0.0
    for key, entry in entries.items():
        if 0 < ends_at_s(entry) < over_s:
            entries[key] = replace(entry, value=None)
    gone = [entry for entry in entries.values() if entry.value is None]
    for entry in sorted(gone, key=lambda entry: entry.stamp)[: max(len(gone) - _MOST_GONE, 0)]:
        del entries[entry.key]
    return entries
