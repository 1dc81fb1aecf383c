"""How a line of the log looks: for people, or as a JSON object for machines. Pure.

text   2026-11-29T08:36:20.123+00:00 warning dot: cannot accept: ...
json   {"time": "2026-11-29T08:36:20.123+00:00", "level": "warning", "program": "dot", "message": "cannot accept: ..."}

Times are UTC with their offset (RFC 3339). A line that is the word `query` and a JSON object has its members
beside these in JSON.
"""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from app.text import printable

LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}
"""The values of `log.level`, and what Python calls them. What is worse than an error is told as one."""

_QUERY = "query "
_WITH_MEMBERS = _QUERY + "{"
_NAMES = {number: name for name, number in LEVELS.items()}

Format = Callable[[datetime, str, int, str], str]
"""Moment (UTC), program, level and text -> the line, with its end."""


def text(at: datetime, program: str, level: int, message: str) -> str:
    return f"{_time(at)} {_name(level):7} {program}: {_shown(message)}\n"


def as_json(at: datetime, program: str, level: int, message: str) -> str:
    line: dict[str, object] = {"time": _time(at), "level": _name(level), "program": program, "message": _shown(message)}
    if message.startswith(_WITH_MEMBERS):
        line = {**_members(message.removeprefix(_QUERY)), **line, "message": _QUERY.strip()}
    return json.dumps(line, ensure_ascii=False) + "\n"


FORMATS: Mapping[str, Format] = {"text": text, "json": as_json}
"""By the values of `log.format`."""


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _name(level: int) -> str:
    return _NAMES.get(level, "error")


def _members(text: str) -> dict[str, object]:
    try:
        return {name: _shown(value) if isinstance(value, str) else value for name, value in json.loads(text).items()}
    except ValueError:
        return {"query": _shown(text)}


def _shown(message: str) -> str:
    return printable(message.replace("\t", " "))
