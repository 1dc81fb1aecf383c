"""What is known about each list, in a file that everybody may read and only the refresher writes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from app.files import read_regular, write_atomically
from app.text import printable

_MOST_OCTETS = 4_000_000
"""Some thousand lists; root reads this file, and the setting names a few."""
_MOST_NUMBER = 1e15
"""No time is so far away, and no list so long; what is could neither be reckoned with nor written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListState:
    """One list. Times are seconds since 1970, 0 for never; `error` is empty when the last refresh went well, and
    `succeeded_s` is when one did that last, whether it brought something new or not.

    `is_refused` says that the error is for the size, which the operator may accept. `mark` changes when the file does
    that a list is read from; `unsupported`, `top_level` and `junk` count lines, and `left_out` says why: see
    parsed.ParseReport. `reach` is what plain names are for, `exact` or `wildcard`, and `reach_why` the reason.
    """

    title: str = ""
    names: int = 0
    exceptions: int = 0
    unsupported: int = 0
    top_level: int = 0
    top_level_examples: tuple[str, ...] = ()
    junk: int = 0
    examples: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    reach: str = ""
    reach_why: str = ""
    etag: str = ""
    last_modified: str = ""
    mark: str = ""
    updated_s: float = 0.0
    checked_s: float = 0.0
    succeeded_s: float = 0.0
    next_s: float = 0.0
    failures: int = 0
    error: str = ""
    is_refused: bool = False

    @property
    def is_there(self) -> bool:
        """Whether a list was ever compiled: it is in use then, however its last refresh went."""
        return self.updated_s > 0

    @property
    def has_exceptions_only(self) -> bool:
        return self.exceptions > 0 and not self.names


ALLOWS = "is an allow list: its names are allowed, whatever other lists say"
"""What to say of a list of the setting `blocking.allow_lists`, and of one that `has_exceptions_only`."""


def load(path: Path) -> dict[str, ListState]:
    """The states by source. What cannot be read is forgotten: the lists are then fetched anew."""
    try:
        tree = json.loads(read_regular(path, _MOST_OCTETS))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(tree, dict):
        return {}
    return {source: state for source, raw in tree.items() if (state := _state(raw)) is not None}


def save(path: Path, states: Mapping[str, ListState]) -> None:
    """Raises OSError."""
    text = json.dumps({source: asdict(state) for source, state in states.items()}, indent=1, allow_nan=False)
    write_atomically(path, text.encode())


def _state(raw: Any) -> ListState | None:
    if not isinstance(raw, dict):
        return None
    known: dict[str, Any] = {}
    for item in fields(ListState):
        value = _value(raw.get(item.name, item.default), item.default)
        if value is None:
            return None
        known[item.name] = value
    return ListState(**known)


def _value(raw: Any, default: object) -> object:
    """`raw` if it is of the type of `default`; None if not. Text is shown in root's terminal, and its writer is not
    root."""
    if isinstance(default, tuple):
        return tuple(printable(str(each)) for each in raw) if isinstance(raw, list) else ()
    if isinstance(default, float) and type(raw) in (int, float):
        return float(raw) if abs(raw) < _MOST_NUMBER else None  # nor is it NaN
    if type(raw) is not type(default) or (type(raw) is int and not 0 <= raw < _MOST_NUMBER):
        return None
    return printable(raw) if isinstance(raw, str) else raw
