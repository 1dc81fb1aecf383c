"""What is known about each block list, and how the program that keeps them is asked for something."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from app.config.settings import Blocking, Settings
from app.config.sources import read as read_source
from app.errors import OperatorError
from app.lists import paths as list_paths
from app.lists.state import ALLOWS, ListState, load

from . import paths

NOT_YET = "not downloaded yet"

REACHES = {
    "exact": "a plain name in it is for that name alone",
    "wildcard": "a plain name in it is for everything below it too",
}
_SUFFIXES = "top-level domains or other public suffixes, and the list is not named with tlds: before its address"
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def states(settings: Settings) -> dict[str, ListState]:
    """What is known about each list of these settings; no two that have been looked at have one title."""
    found = load(list_paths.state(paths.lists(settings)))
    known = {source: found.get(source, ListState()) for source in settings.blocking.sources}
    titles = list_paths.told_apart({source: its.title for source, its in known.items() if its.title})
    return {source: replace(its, title=titles.get(source, "")) for source, its in known.items()}


def is_allow_list(blocking: Blocking, source: str, known: ListState) -> bool:
    """Whether the names of this list are allowed, and not blocked."""
    return source in blocking.allow_lists or known.has_exceptions_only


class Protection(NamedTuple):
    """What the lists do, as a whole: `sentence` has no dot, `missing` are those of which there is nothing."""

    sentence: str
    missing: int


def protection(blocking: Blocking, known: Mapping[str, ListState]) -> Protection:
    """Of what is `known` about each list of the settings."""
    if not known:
        return Protection("no list is named", 0)
    there = {source: its for source, its in known.items() if its.is_there}
    kinds: dict[str, list[int]] = {"list": [], "allow list": []}
    for source, its in there.items():
        allows = is_allow_list(blocking, source, its)
        kinds["allow list" if allows else "list"].append(its.names + allows * its.exceptions)
    facts = [f"{_count(sum(names), 'name')} on {_count(len(names), kind)}" for kind, names in kinds.items() if names]
    sentence, missing = ", ".join(facts) or "no list is there yet", len(known) - len(there)
    if missing:
        sentence += f"; {missing} of {_count(len(known), 'list')} {'is' if missing == 1 else 'are'} missing"
    return Protection(sentence, missing)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def summary(source: str, known: ListState, now_s: float, *, allows: bool = False) -> list[str]:
    """What is known about a list, in lines, the most important first; `allows` says that it is an allow list."""
    if not known.checked_s:
        return [NOT_YET]
    facts = [known.title, f"{known.names} names"]
    if known.exceptions:
        facts.append(f"{known.exceptions} exceptions")
    if known.updated_s:
        facts.append(f"{duration(now_s - known.updated_s)} old")
    if known.error or not read_source(source).is_file:
        facts.append(f"next check in {duration(known.next_s - now_s)}")
    lines = [", ".join(facts), *([ALLOWS] if allows else []), *remarks(known)]
    if known.error:
        lines.append(f"failed, {known.failures} in a row: {known.error}")
    return lines


def remarks(known: ListState) -> list[str]:
    """How a list is read and what is left out of it, a line for each."""
    lines = []
    if known.reach:
        lines.append(f"{known.reach}: {REACHES.get(known.reach, '')} ({known.reach_why})")
    lines += [f"left out: {sentence}" for sentence in known.left_out]
    if known.top_level:
        like = f", like {' and '.join(known.top_level_examples)}" if known.top_level_examples else ""
        lines.append(f"left out because they are for whole {_SUFFIXES}: {known.top_level} lines{like}")
    if known.junk:
        lines.append(f"not understood: {known.junk} lines, like {', '.join(map(repr, known.examples))}")
    return lines


def content(known: ListState, *, allows: bool) -> dict[str, object]:
    """For scripts, what is kept of a list and what is left out, in lines of it; `remarks` are sentences about both."""
    return {
        "names": known.names,
        "exceptions": known.exceptions,
        "reach": known.reach or None,
        "reach_why": known.reach_why or None,
        "unsupported_lines": known.unsupported,
        "left_out": known.left_out,
        "public_suffix_lines": known.top_level,
        "public_suffix_examples": known.top_level_examples,
        "junk_lines": known.junk,
        "junk_examples": known.examples,
        "remarks": [*([ALLOWS] if allows else []), *remarks(known)],
    }


def described(source: str, known: ListState, now_s: float, *, allows: bool = False) -> dict[str, object]:
    """The same for scripts. What has not happened yet is null."""
    return {
        "source": source,
        "title": known.title,
        "allows": allows,
        "missing": not known.is_there,
        **content(known, allows=allows),
        "age_seconds": round(now_s - known.updated_s) if known.updated_s else None,
        "next_look_seconds": round(max(known.next_s - now_s, 0)) if known.checked_s else None,
        "failures": known.failures,
        "error": known.error or None,
    }


def duration(seconds: float) -> str:
    """In the largest unit of which there are two: `90 s`, `2 h`, `3 d`."""
    for unit_s, unit in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds >= 2 * unit_s:
            return f"{seconds // unit_s:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def request_refresh(settings: Settings) -> None:
    """Have all lists looked at now. Raises OperatorError."""
    _touch(paths.refresh_request(settings))


def request_acceptance(settings: Settings, source: str) -> None:
    """Have the next download of the list `source` taken whatever its size. Raises OperatorError."""
    _touch(acceptance_request(settings, source))


def acceptance_request(settings: Settings, source: str) -> Path:
    """The file that is touched for it."""
    return paths.accept_request(settings, list_paths.compiled(paths.lists(settings), source).name)


def _touch(path: Path) -> None:
    try:
        path.touch()
    except OSError as error:
        raise OperatorError(
            f"{path}: {error.strerror}: is Homedot running, and are you the user it runs as?"
        ) from error
