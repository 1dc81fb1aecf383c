"""What is known about each block list, and how the program that keeps them is asked for something."""

from dataclasses import replace
from pathlib import Path

from app.config.settings import Settings
from app.errors import OperatorError
from app.lists import paths as list_paths
from app.lists.state import EXCEPTIONS_ONLY, ListState, load

from . import paths

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def states(settings: Settings) -> dict[str, ListState]:
    """What is known about each list of the setting; no two that have been looked at have one title."""
    found = load(list_paths.state(paths.lists(settings)))
    known = {source: found.get(source, ListState()) for source in settings.blocking.lists}
    titles = list_paths.told_apart({source: its.title for source, its in known.items() if its.title})
    return {source: replace(its, title=titles.get(source, "")) for source, its in known.items()}


def summary(source: str, known: ListState, now_s: float) -> list[str]:
    """What is known about a list, in lines, the most important first."""
    if not known.checked_s:
        return ["not downloaded yet"]
    facts = [known.title, f"{known.names} names"]
    if known.exceptions:
        facts.append(f"{known.exceptions} exceptions")
    if known.updated_s:
        facts.append(f"{duration(now_s - known.updated_s)} old")
    if known.error or not source.startswith("/"):
        facts.append(f"next check in {duration(known.next_s - now_s)}")
    lines = [", ".join(facts)]
    if known.has_exceptions_only:
        lines.append(EXCEPTIONS_ONLY)
    lines += [f"left out: {sentence}" for sentence in known.left_out]
    if known.top_level:
        only_named = "for a whole top-level domain, which only blocking.deny can block"
        lines.append(f"left out because they are {only_named}: {known.top_level} lines")
    if known.junk:
        lines.append(f"not understood: {known.junk} lines, like {', '.join(map(repr, known.examples))}")
    if known.error:
        lines.append(f"failed, {known.failures} in a row: {known.error}")
    return lines


def described(source: str, known: ListState, now_s: float) -> dict[str, object]:
    """The same for scripts. What has not happened yet is null."""
    return {
        "source": source,
        "title": known.title,
        "names": known.names,
        "exceptions": known.exceptions,
        "age_seconds": round(now_s - known.updated_s) if known.updated_s else None,
        "next_look_seconds": round(max(known.next_s - now_s, 0)) if known.checked_s else None,
        "unsupported_lines": known.unsupported,
        "junk_lines": known.junk,
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
