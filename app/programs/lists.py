"""`homedot lists`: show them, ask for new ones, accept small ones, and the program and its child that keep them."""

import fcntl
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import stamp
from app.lists import places as list_places
from app.lists.state import EXCEPTIONS_ONLY, ListState, load

from . import paths
from .output import log_to_stderr

log = logging.getLogger("homedot")

_LOOK_S = 5.0
_RETRY_S = 60.0
_ENDINGS = {signal.SIGTERM, signal.SIGINT}
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def lists(settings: Settings, action: str, which: str | None = None) -> None:
    """Do what the command line says; `run` is what supervisord starts, and `compile` what that starts."""
    if action == "accept":
        accept(settings, which)
    elif which is not None:
        raise OperatorError(f"lists {action}: takes no list (got {which!r})")
    else:
        {"show": show, "refresh": refresh, "run": run, "compile": compile_one}[action](settings)


def show(settings: Settings) -> None:
    """Print what is known about each list."""
    if not settings.blocking.enabled:
        print("blocking.enabled is false: no list is used")
        return
    for source, known in states(settings).items():
        print("\n  ".join((source, *summary(source, known, time.time()))))


def states(settings: Settings) -> dict[str, ListState]:
    """What is known about each list of the setting; no two that have been looked at have one title."""
    found = load(list_places.state(paths.lists(settings)))
    known = {source: found.get(source, ListState()) for source in settings.blocking.lists}
    titles = list_places.told_apart({source: its.title for source, its in known.items() if its.title})
    return {source: replace(its, title=titles.get(source, "")) for source, its in known.items()}


def summary(source: str, known: ListState, now_s: float) -> list[str]:
    """What is known about a list, in lines, the most important first."""
    if not known.checked_s:
        return ["not fetched yet"]
    facts = [known.title, f"{known.names} names"]
    if known.exceptions:
        facts.append(f"{known.exceptions} exceptions")
    if known.updated_s:
        facts.append(f"{_duration(now_s - known.updated_s)} old")
    if known.error or not source.startswith("/"):
        facts.append(f"next look in {_duration(known.next_s - now_s)}")
    lines = [", ".join(facts)]
    if known.has_exceptions_only:
        lines.append(EXCEPTIONS_ONLY)
    if known.unsupported:
        lines.append(f"left out because they are not for DNS: {known.unsupported} lines")
    if known.junk:
        lines.append(f"not understood: {known.junk} lines, like {', '.join(map(repr, known.examples))}")
    if known.error:
        lines.append(f"failed, {known.failures} in a row: {known.error}")
    return lines


def _duration(seconds: float) -> str:
    for unit_s, unit in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds >= 2 * unit_s:
            return f"{seconds // unit_s:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def refresh(settings: Settings) -> None:
    """Let the running Homedot look at all sources now."""
    _touch(paths.refresh_request(settings))
    print("all lists are being looked at; `homedot lists` shows what came of it")


def accept(settings: Settings, which: str | None) -> None:
    """Let the running Homedot take the next download of this list (its title or address), or without one of each that
    was refused for its size, whatever its size."""
    if not settings.blocking.enabled:
        raise OperatorError("lists accept: blocking.enabled is false: no list is used")
    known = states(settings)
    if which is None:
        chosen = [source for source, its in known.items() if its.is_refused]
        if not chosen:
            print("no list is refused for its size: there is nothing to accept")
    else:
        chosen = [source for source, its in known.items() if which in (source, its.title)]
        if not chosen:
            titles = ", ".join(its.title or source for source, its in known.items())
            raise OperatorError(f"lists accept: must be the title or the address of a list: {titles} (got {which!r})")
        if chosen[0].startswith("/"):
            raise OperatorError(f"lists accept: {chosen[0]} is a file, which is always taken as it is")
    for source in chosen:
        _touch(_accept_request(settings, source))
        print(f"{source}: is being downloaded, and taken whatever its size; `homedot lists` shows what came of it")


def _accept_request(settings: Settings, source: str) -> Path:
    return paths.accept_request(settings, list_places.compiled(paths.lists(settings), source).name)


def _touch(path: Path) -> None:
    try:
        path.touch()
    except OSError as error:
        raise OperatorError(
            f"{path}: {error.strerror}: is Homedot running, and are you the user it runs as?"
        ) from error


class _Requests:
    """Files that the command touches, as they were when this program looked last."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._seen = {path: stamp(path) for path in paths}

    def is_new(self, path: Path) -> bool:
        before, self._seen[path] = self._seen[path], stamp(path)
        return self._seen[path] not in (None, before)


def run(settings: Settings) -> None:
    """Keep the lists until SIGTERM; SIGHUP looks at all sources at once."""
    from app.lists.child import DEADLINE_S, Child
    from app.lists.contract import Job
    from app.lists.refresher import Refresher

    log_to_stderr("lists")
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_ENDINGS, signal.SIGHUP, signal.SIGCHLD})
    folder, refreshing = paths.lists(settings), paths.refresh_request(settings)
    accepting = {source: _accept_request(settings, source) for source in settings.blocking.lists}
    lock = _only_one(folder)
    command = [sys.executable, "-P", "-m", "app", "lists", "compile"]

    def start(job: Job) -> Child:
        return Child(command, job, DEADLINE_S, (lock,))

    blocking = settings.blocking
    keeper = Refresher(folder, blocking.lists, blocking.refresh * _HOUR_S, start, time.time, random.random)
    requests = _Requests([refreshing, *accepting.values()])
    try:
        while True:
            keeper.round()
            told = signal.sigtimedwait({*_ENDINGS, signal.SIGHUP, signal.SIGCHLD}, _LOOK_S)
            if told is not None and told.si_signo in _ENDINGS:
                return
            if requests.is_new(refreshing) or (told is not None and told.si_signo == signal.SIGHUP):
                keeper.ask()
            for source, path in accepting.items():
                if requests.is_new(path):
                    keeper.accept(source)
    finally:
        keeper.end()


def compile_one(settings: Settings) -> None:
    """Do one job that comes as JSON, print what came of it as JSON."""
    from app.config.hosts import at_home
    from app.lists.child import do
    from app.lists.job import refresh

    home = partial(at_home, known=settings.local)
    do(lambda job: refresh(job, settings.resolver.port, settings.resolver.ca_bundle, home))


def _only_one(folder: Path) -> int:
    """A descriptor that locks `folder`, until this process and its children are gone. Waits as long as it takes."""
    said = ""
    while True:
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            os.close(descriptor)
            fault, pause_s = f"{folder}: another refresh is at work there; waiting for its end", _LOOK_S
        except OSError as error:
            fault, pause_s = f"{folder}: cannot be used: {error.strerror}; lists are not refreshed", _RETRY_S
        if fault != said:
            log.error("%s", fault)
            said = fault
        if signal.sigtimedwait(_ENDINGS, pause_s) is not None:
            sys.exit(0)
