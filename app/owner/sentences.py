"""What was set, in sentences for people. Pure but for the time zone."""

from collections.abc import Mapping, Sequence

from .length import moment
from .will import (
    ALL,
    ALLOW,
    ALLOWS,
    BLOCKS,
    DENY,
    DEVICE,
    LIST,
    NAME,
    OFF,
    PAUSE,
    Change,
    ChangeStep,
    Key,
    OwnerEntry,
    Will,
)

_SET: Mapping[tuple[str, object], str] = {
    (NAME, ALLOW): "{of} is allowed, with everything below it",
    (NAME, DENY): "{of} is blocked, with everything below it",
    (NAME, None): "{of} is neither allowed nor denied by you any more",
    (LIST, BLOCKS): "{of} is a block list from now on, once it is downloaded",
    (LIST, ALLOWS): "{of} is an allow list from now on, once it is downloaded",
    (LIST, OFF): "{of} is switched off",
    (LIST, None): "{of} is as it was before you set it",
    (DEVICE, None): "{of} has no name any more",
    (PAUSE, None): "blocking is in force again for {whom}",
}


def of_step(step: ChangeStep, value: object) -> str:
    """That `step.key` has this value, which is what it was before or is after."""
    kind, of = step.key
    whom = "all devices" if of == ALL else of
    if kind == PAUSE and isinstance(value, int):
        return f"blocking is paused for {whom} until {moment(value)}"
    if kind == DEVICE and value is not None:
        return f"{of} is called {value}"
    return _SET.get((kind, value), "{of} is {value}").format(of=of, whom=whom, value=value)


def of_change(change: Change) -> str:
    """What it did."""
    return "; ".join(of_step(step, step.after) for step in change.steps)


def of_changes(changes: Sequence[Change]) -> list[dict[str, object]]:
    """For scripts, the last one first."""
    return [
        {
            "number": change.number,
            "what": of_change(change),
            "at": moment(change.at_s),
            "at_s": change.at_s,
            "by": change.by,
            "box": change.origin,
            "undone": f"{moment(change.undone_at_s)} by {change.undone_by}" if change.undone_by else None,
        }
        for change in reversed(changes)
    ]


def of_entry(entry: OwnerEntry) -> str:
    """When and from where something was set."""
    return f"set {moment(entry.at_s)} by {entry.by}"


def told(before: Will, after: Will, keys: Sequence[Key]) -> list[str]:
    """What the wish for `keys` came to."""
    said = []
    for key in keys:
        step = ChangeStep(key, before.value(key), after.value(key))
        already = "; it was before" if step.before == step.after else ""
        said.append(of_step(step, step.after) + already)
    return said
