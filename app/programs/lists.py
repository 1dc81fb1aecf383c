"""The program that keeps the block lists: looks at each when it is due, and starts a child for each download."""

import fcntl
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from app.config.settings import Settings
from app.files import stamp
from app.lists.child import DEADLINE_S, Child
from app.lists.contract import Job
from app.lists.refresher import Refresher

from . import list_files, paths
from .list_status import acceptance_request
from .output import log_to_supervisor
from .owner_file import OwnerWatcher, with_owner

log = logging.getLogger("homedot")

_LOOK_S = 5.0
_RETRY_S = 60.0
_HOUR_S = 3600
_ENDINGS = {signal.SIGTERM, signal.SIGINT}
_COMPILE = ("setpriv", "--pdeathsig", "KILL", sys.executable, "-P", "-m", "app.programs", "compile")
"""It ends with us, as we do with the supervisor, who keeps the port of the unbound that it asks."""


def run(settings: Settings) -> None:
    """Keep the lists until SIGTERM; SIGHUP looks at all sources at once."""
    log_to_supervisor(settings.log)
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_ENDINGS, signal.SIGHUP, signal.SIGCHLD})
    folder, refreshing = paths.lists(settings), paths.refresh_request(settings)
    owner = OwnerWatcher(settings)
    sources, accepting = _wanted(settings, owner)
    lock = _only_one(folder)

    def start(job: Job) -> Child:
        return Child(_COMPILE, job, DEADLINE_S, (lock,))

    blocking, look = settings.blocking, list_files.looker(settings)
    every_s, draw = blocking.refresh * _HOUR_S, random.random
    keeper = Refresher(folder, sources, every_s, start, now=time.time, draw=draw, look=look)
    requests = _Requests([refreshing, *accepting.values()])
    # What this program was asked for before it was killed.
    keeper.ask(_touched_s(refreshing))
    for source, path in accepting.items():
        keeper.accept(source, _touched_s(path))
    try:
        while True:
            if owner.look():
                sources, accepting = _wanted(settings, owner)
                requests.follow([refreshing, *accepting.values()])
                keeper.follow(sources)
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


def _wanted(settings: Settings, owner: OwnerWatcher) -> tuple[tuple[str, ...], dict[str, Path]]:
    """The sources of all lists, with what the owner has set, and for each the file by which it is accepted."""
    sources = with_owner(settings, owner.will).blocking.sources
    return sources, {source: acceptance_request(settings, source) for source in sources}


class _Requests:
    """Files that the command touches, as they were when this program looked last."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._seen = {path: stamp(path) for path in paths}

    def follow(self, paths: Sequence[Path]) -> None:
        """From now on look at these."""
        self._seen = {path: self._seen[path] if path in self._seen else stamp(path) for path in paths}

    def is_new(self, path: Path) -> bool:
        before, self._seen[path] = self._seen[path], stamp(path)
        return self._seen[path] not in (None, before)


def _touched_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


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
