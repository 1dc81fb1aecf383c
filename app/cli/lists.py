"""`homedot lists`: show them, ask for new ones, and the program and its child that keep them."""

import fcntl
import logging
import os
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from app.errors import OperatorError
from app.files import stamp
from app.lists import places as list_places
from app.lists.state import ListState, load
from app.settings import Settings

from . import places
from .output import log_to_stderr

log = logging.getLogger("homedot")

_LOOK_S = 5.0
_RETRY_S = 60.0
_ENDINGS = {signal.SIGTERM, signal.SIGINT}
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def lists(settings: Settings, action: str) -> None:
    """Do what the command line says; `run` is what supervisord starts, and `compile` what that starts."""
    {"show": show, "refresh": refresh, "run": run, "compile": compile_one}[action](settings)


def show(settings: Settings) -> None:
    """Print what is known about each list."""
    if not settings.blocking.enabled:
        print("blocking.enabled is false: no list is used")
        return
    known = load(list_places.state(places.lists(settings)))
    for source in settings.blocking.lists:
        print("\n  ".join((source, *summary(source, known.get(source, ListState()), time.time()))))


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
    path = places.refresh_request(settings)
    try:
        path.touch()
    except OSError as error:
        raise OperatorError(
            f"{path}: {error.strerror}: is Homedot running, and are you the user it runs as?"
        ) from error
    print("all lists are being looked at; `homedot lists` shows what came of it")


def run(settings: Settings) -> None:
    """Keep the lists until SIGTERM; SIGHUP looks at all sources at once."""
    from app.lists.child import DEADLINE_S, Child
    from app.lists.contract import Job
    from app.lists.refresher import Refresher

    log_to_stderr("lists")
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_ENDINGS, signal.SIGHUP, signal.SIGCHLD})
    folder, request = places.lists(settings), places.refresh_request(settings)
    lock = _only_one(folder)
    command = [sys.executable, "-P", "-m", "app", "lists", "compile"]

    def start(job: Job) -> Child:
        return Child(command, job, DEADLINE_S, (lock,))

    blocking = settings.blocking
    keeper = Refresher(folder, blocking.lists, blocking.refresh * _HOUR_S, start, time.time, random.random)
    asked = stamp(request)
    try:
        while True:
            keeper.round()
            told = signal.sigtimedwait({*_ENDINGS, signal.SIGHUP, signal.SIGCHLD}, _LOOK_S)
            if told is not None and told.si_signo in _ENDINGS:
                return
            mark = stamp(request)
            if mark != asked or (told is not None and told.si_signo == signal.SIGHUP):
                asked = mark
                keeper.ask()
    finally:
        keeper.end()


def compile_one(settings: Settings) -> None:
    """Do one job that comes as JSON, print what came of it as JSON."""
    from app.lists.child import do
    from app.lists.job import refresh

    do(lambda job: refresh(job, settings.resolver.port, settings.resolver.ca_bundle))


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
