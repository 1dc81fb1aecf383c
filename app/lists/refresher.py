"""Keeps the compiled lists as new as their sources: what is due is refreshed, one list at a time.

The only writer of state.json. What reads and compiles is `work`, given from outside: a child with limits of its own, so
that this process stays small between two refreshes.
"""

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from app.errors import ListError

from . import layout, places, schedule, state
from .contract import Job, Outcome
from .state import ListState

log = logging.getLogger(__name__)


class Refresher:
    """`now` is the time in seconds since 1970, `draw` gives random numbers from 0 to 1."""

    def __init__(
        self,
        folder: Path,
        sources: Sequence[str],
        refresh_s: float,
        work: Callable[[Job], Outcome],
        now: Callable[[], float],
        draw: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._sources = sources
        self._refresh_s = refresh_s
        self._work = work
        self._now = now
        self._draw = draw
        self._asked = False
        known = state.load(places.state(folder))
        self._states = {source: known.get(source, ListState()) for source in sources}
        self._told = ""
        self._forget_what_is_not_there()

    def ask(self) -> None:
        """Refresh everything in the next round."""
        self._asked = True

    def round(self) -> None:
        """Refresh what is due. Never raises for what a source, a disk or a child does."""
        asked, self._asked = self._asked, False
        for source in self._sources:
            if asked or self._is_due(source):
                self._refresh(source)

    def _is_due(self, source: str) -> bool:
        known = self._states[source]
        if source.startswith("/"):
            if _mark(source) != known.mark:
                return True
            if not known.error:
                return False
        return schedule.is_due(self._now(), known.next_s, self._refresh_s)

    def _refresh(self, source: str) -> None:
        before = self._states[source]
        mark = _mark(source) if source.startswith("/") else ""
        job = Job(source, str(self._folder), before.names, before.etag, before.last_modified)
        try:
            after = self._after(before, self._work(job))
        except ListError as error:
            after = self._after_failure(source, before, str(error))
        self._states[source] = replace(after, mark=mark, checked_s=self._now())
        try:
            state.save(places.state(self._folder), self._states)
            self._told = ""
        except OSError as error:
            self._tell_once(f"{places.state(self._folder)}: cannot be written: {error.strerror}")

    def _after(self, before: ListState, outcome: Outcome) -> ListState:
        now_s = self._now()
        next_s = schedule.after_success(now_s, self._refresh_s, self._draw())
        if not outcome.is_new:
            if before.error:
                log.info("%s: well again, and unchanged", before.title)
            return replace(before, error="", failures=0, next_s=next_s)
        left_out = outcome.junk + outcome.unsupported
        log.info("%s: %d names%s", outcome.title, outcome.names, f" (lines left out: {left_out})" if left_out else "")
        return ListState(
            title=outcome.title,
            names=outcome.names,
            exceptions=outcome.exceptions,
            unsupported=outcome.unsupported,
            junk=outcome.junk,
            examples=outcome.examples,
            etag=outcome.etag,
            last_modified=outcome.last_modified,
            updated_s=now_s,
            next_s=next_s,
        )

    def _after_failure(self, source: str, before: ListState, error: str) -> ListState:
        failures = before.failures + 1
        if error != before.error:
            kept = f"the {before.names} names from before are used on" if before.names else "there is no list yet"
            log.warning("%s: %s; %s", source, error, kept)
        next_s = schedule.after_failure(self._now(), self._refresh_s, failures, self._draw())
        return replace(
            before, title=before.title or places.title_of(source), failures=failures, error=error, next_s=next_s
        )

    def _forget_what_is_not_there(self) -> None:
        """A compiled list that is missing or damaged is made anew; files of lists that nobody wants any more go."""
        wanted = set()
        for source in self._sources:
            path = places.compiled(self._folder, source)
            wanted.add(path)
            if not layout.is_whole(path):
                self._states[source] = ListState()
        with suppress(OSError):
            for path in self._folder.glob(f"*{places.SUFFIX}*"):
                if path not in wanted:
                    path.unlink()

    def _tell_once(self, fault: str) -> None:
        if fault != self._told:
            self._told = fault
            log.error("%s", fault)


def _mark(source: str) -> str:
    """What changes when the file or its permissions do."""
    try:
        status = os.stat(source)  # noqa: PTH116 - a Path for each look would be made for nothing
    except OSError as error:
        return f"error {error.errno}"
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
