"""What the owner has set <-> the octets of its file. Pure.

{"format": 1, "box": "3f...", "set": [{"kind": "name", "of": "ads.example", "value": "deny", "stamp": ..., ...}],
"changes": [...]}. Members, kinds and values that a later version has added to this format are kept as they are.
"""

import json
from collections.abc import Mapping
from typing import Any

from .will import MOST_CHANGES, Change, ChangeStep, Key, OwnerEntry, Will

FORMAT = 1
MOST_OCTETS = 1 << 20
_MOST_ENTRIES = 4000
_MOST_TEXT = 4096

_ENTRY = {"kind", "of", "value", "stamp", "at", "by", "origin"}
_CHANGE = {"number", "steps", "stamp", "at", "by", "origin", "undone_by", "undone_at"}
_WILL = {"format", "box", "set", "changes"}


def to_octets(will: Will) -> bytes:
    """What `from_octets` reads. Raises ValueError if that is too much for one file."""
    document = {
        **will.more,
        "format": FORMAT,
        "box": will.box,
        "set": [_of_entry(entry) for entry in will.entries.values()],
        "changes": [_of_change(change) for change in will.changes],
    }
    octets = json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
    if len(octets) > MOST_OCTETS:
        raise ValueError(f"must fit into {MOST_OCTETS >> 10} kB together: forget some first")
    return octets


def from_octets(octets: bytes) -> Will:
    """Raises ValueError with the end of a sentence that begins with the file's name."""
    try:
        document = json.loads(octets)
    except (ValueError, RecursionError):
        raise ValueError("is damaged") from None
    try:
        written = _number(document["format"])
        if written > FORMAT:
            raise LaterFormatError(f"was written by a later Homedot (format {written}, and this one knows {FORMAT})")
        entries = [_entry(each) for each in _list(document["set"], _MOST_ENTRIES)]
        by_key: dict[Key, OwnerEntry] = {}
        for entry in entries:
            if entry.key not in by_key or by_key[entry.key].stamp < entry.stamp:
                by_key[entry.key] = entry
        changes = [_change(each) for each in _list(document["changes"], MOST_CHANGES)]
        return Will(_text(document["box"]), by_key, tuple(changes), _more(document, _WILL))
    except LaterFormatError:
        raise
    except (KeyError, TypeError, ValueError):
        raise ValueError("is damaged") from None


class LaterFormatError(ValueError):
    """Nothing here knows what it says."""


def _of_entry(entry: OwnerEntry) -> dict[str, object]:
    return {
        **entry.more,
        "kind": entry.key.kind,
        "of": entry.key.of,
        "value": entry.value,
        "stamp": entry.stamp,
        "at": entry.at_s,
        "by": entry.by,
        "origin": entry.origin,
    }


def _entry(raw: Any) -> OwnerEntry:
    return OwnerEntry(
        Key(_text(raw["kind"]), _text(raw["of"])),
        raw["value"],
        _number(raw["stamp"]),
        _number(raw["at"]),
        _text(raw["by"]),
        _text(raw["origin"]),
        _more(raw, _ENTRY),
    )


def _of_change(change: Change) -> dict[str, object]:
    return {
        **change.more,
        "number": change.number,
        "steps": [[*step.key, step.before, step.after] for step in change.steps],
        "stamp": change.stamp,
        "at": change.at_s,
        "by": change.by,
        "origin": change.origin,
        "undone_by": change.undone_by,
        "undone_at": change.undone_at_s,
    }


def _change(raw: Any) -> Change:
    steps = []
    for kind, of, before, after in _list(raw["steps"], _MOST_ENTRIES):
        steps.append(ChangeStep(Key(_text(kind), _text(of)), before, after))
    return Change(
        _number(raw["number"]),
        tuple(steps),
        _number(raw["stamp"]),
        _number(raw["at"]),
        _text(raw["by"]),
        _text(raw["origin"]),
        _text(raw["undone_by"]),
        _number(raw["undone_at"]),
        _more(raw, _CHANGE),
    )


def _more(raw: Mapping[str, object], known: set[str]) -> dict[str, object]:
    return {name: value for name, value in raw.items() if name not in known}


def _text(raw: object) -> str:
    if not isinstance(raw, str) or len(raw) > _MOST_TEXT or not raw.isprintable():
        raise TypeError
    return raw


def _number(raw: object) -> int:
    if type(raw) is not int or raw < 0:
        raise TypeError
    return raw


def _list(raw: object, most: int) -> list[Any]:
    if not isinstance(raw, list) or len(raw) > most:
        raise TypeError
    return raw
