"""Keeps the compiled lists as new as their sources: what is due is refreshed, several lists at the same time.

The only writer of state.json. Who reads and compiles is started from outside: a child with limits of its own for each
list, so that this process stays small and waits for nobody.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path

from app.config import sources
from app.errors import ListBusyError, ListError, ListSizeError
from app.files import stamp

from . import leftovers, paths, schedule, state
from .blocklist import is_whole
from .contract import Job, Outcome, Work
from .listfile import ListFile, itself
from .state import ALLOWS, ListState

log = logging.getLogger(__name__)

MOST_AT_ONCE = 4
"""Lists that are worked on at the same time: a few servers may be silent before another list has to wait for them."""


class Refresher:
    """`now` is the time in seconds since 1970, `draw` gives random numbers from 0 to 1; `look` says of the path of a
    list that is a file where its content is."""

    def __init__(
        self,
        folder: Path,
        sources: Sequence[str],
        refresh_s: float,
        start: Callable[[Job], Work],
        *,
        now: Callable[[], float],
        draw: Callable[[], float],
        look: Callable[[str], ListFile] = itself,
    ) -> None:
        self._folder = folder
        self._refresh_s = refresh_s
        self._start_work = start
        self._now = now
        self._draw = draw
        self._look = look
        self._asked: set[str] = set()
        self._accepted: set[str] = set()
        self._at_work: dict[str, tuple[Work, str, float]] = {}
        known = state.load(paths.state(folder))
        # A start is worth a try for what was never there, however often it has failed before.
        known = {source: its for source, its in known.items() if its.updated_s}
        self._states = {source: known.get(source, ListState()) for source in sources}
        self._told = ""
        self._seen: dict[str, object] = {}
        self._forget_what_is_not_there()
        leftovers.remove(self._folder, self._states, self._at_work)

    def follow(self, sources: Sequence[str]) -> None:
        """From now on keep the lists of these: what nobody names any more is given up and removed."""
        for source in self._states.keys() - set(sources):
            if source in self._at_work:
                self._at_work.pop(source)[0].end()
            self._asked.discard(source)
            self._accepted.discard(source)
        self._states = {source: self._states.get(source, ListState()) for source in sources}
        leftovers.remove(self._folder, self._states, self._at_work)
        self._save()

    def ask(self, before_s: float = inf) -> None:
        """Refresh from now on all that was looked at last before `before_s`, what is at work once more."""
        self._asked.update(source for source, known in self._states.items() if known.checked_s < before_s)

    def accept(self, source: str, before_s: float = inf) -> None:
        """Refresh this list from now on, if it was looked at last before `before_s`, and take what comes whatever its
        size."""
        if self._states[source].checked_s < before_s:
            self._accepted.add(source)
            self._asked.add(source)

    def round(self) -> None:
        """Take in what was done, start what is due. Never raises for what a source, a disk or a child does."""
        for source in tuple(self._at_work):
            self._take_in(source)
        self._forget_what_is_not_there()
        # Who was looked at longest ago comes first: no list starves behind those that keep failing.
        due = sorted(filter(self._is_due, self._states), key=lambda source: self._states[source].checked_s)
        for source in due[: MOST_AT_ONCE - len(self._at_work)]:
            self._start(source)

    def end(self) -> None:
        """Give up what is at work."""
        for work, _, _ in self._at_work.values():
            work.end()

    def _is_due(self, source: str) -> bool:
        if source in self._at_work:
            return False
        if source in self._asked:
            return True
        known = self._states[source]
        if sources.read(source).is_file:
            if self._file(source).mark != known.mark:
                return True
            if not known.error:
                return False
        return schedule.is_due(self._now(), known.next_s, self._refresh_s)

    def _start(self, source: str) -> None:
        self._asked.discard(source)
        known = self._states[source]
        file = self._file(source)
        is_accepted = source in self._accepted
        names = known.names if known.updated_s else None
        job = Job(
            source,
            str(self._folder),
            names,
            known.etag,
            known.last_modified,
            takes_any_size=is_accepted,
            exceptions=known.exceptions,
            file=file.path,
        )
        try:
            if file.fault:
                raise ListError(file.fault)
            self._at_work[source] = self._start_work(job), file.mark, self._now()
        except ListError as error:
            self._keep(source, self._after_failure(source, known, error), file.mark, self._now())

    def _file(self, source: str) -> ListFile:
        its = sources.read(source)
        return self._look(its.address) if its.is_file else ListFile("", "")

    def _take_in(self, source: str) -> None:
        work, mark, began_s = self._at_work[source]
        before = self._states[source]
        try:
            outcome = work.outcome()
            if outcome is None:
                return
            after = self._after(source, before, outcome)
            if source not in self._asked:  # or it is about to be downloaded once more, and that is what is accepted
                self._accepted.discard(source)
        except ListError as error:
            after = self._after_failure(source, before, error)
            leftovers.remove_unfinished(self._folder, source)
        del self._at_work[source]
        self._seen.pop(source, None)  # or a file that is removed before we have looked at it is never missed
        self._keep(source, after, mark, began_s)

    def _keep(self, source: str, after: ListState, mark: str, began_s: float) -> None:
        # What is asked for while it is at work came later, also for the program that starts after this one was killed.
        self._states[source] = replace(after, mark=mark, checked_s=began_s)
        self._save()

    def _save(self) -> None:
        try:
            state.save(paths.state(self._folder), self._states)
            self._told = ""
        except OSError as error:
            self._tell_once(f"{paths.state(self._folder)}: cannot be written: {error.strerror}")

    def _after(self, source: str, before: ListState, outcome: Outcome) -> ListState:
        now_s = self._now()
        next_s = schedule.after_success(now_s, self._refresh_s, self._draw())
        if not outcome.is_new:
            if before.error:
                log.info("%s: works again, unchanged", self._title(source, before.title))
            return replace(before, error="", is_refused=False, failures=0, next_s=next_s, succeeded_s=now_s)
        after = ListState(
            title=outcome.title,
            names=outcome.names,
            exceptions=outcome.exceptions,
            unsupported=outcome.unsupported,
            top_level=outcome.top_level,
            top_level_examples=outcome.top_level_examples,
            junk=outcome.junk,
            examples=outcome.examples,
            left_out=outcome.left_out,
            reach=outcome.reach,
            reach_why=outcome.reach_why,
            etag=outcome.etag,
            last_modified=outcome.last_modified,
            updated_s=now_s,
            succeeded_s=now_s,
            next_s=next_s,
        )
        self._tell(self._title(source, outcome.title), after)
        return after

    def _tell(self, title: str, known: ListState) -> None:
        left_out = known.junk + known.unsupported + known.top_level
        more = f" (lines left out: {left_out})" if left_out else ""
        if known.has_exceptions_only:
            log.info("%s: %d exceptions%s; it %s", title, known.exceptions, more, ALLOWS)
        else:
            log.info("%s: %d names%s", title, known.names, more)

    def _title(self, source: str, title: str) -> str:
        titles = {other: known.title for other, known in self._states.items()}
        return paths.told_apart({**titles, source: title})[source]

    def _after_failure(self, source: str, before: ListState, error: ListError) -> ListState:
        failures = before.failures + 1
        if str(error) != before.error:
            kept = f"still using the {before.names} names from before" if before.updated_s else "there is no list yet"
            log.warning("%s: %s; %s", source, error, kept)
        later_s = error.retry_after_s if isinstance(error, ListBusyError) else 0.0
        next_s = schedule.after_failure(self._now(), self._refresh_s, failures, self._draw(), later_s)
        return replace(
            before,
            title=before.title or paths.title_of(source),
            failures=failures,
            error=str(error),
            is_refused=isinstance(error, ListSizeError),
            next_s=next_s,
        )

    def _forget_what_is_not_there(self) -> None:
        """What was compiled and is missing or damaged is made anew, without validators: its source shall not say that
        nothing has changed. Who is at work on a list is about to write it."""
        for source in self._states.keys() - self._at_work.keys():
            path = paths.compiled(self._folder, source)
            mark = stamp(path)
            if mark == self._seen.get(source, ""):
                continue
            self._seen[source] = mark
            if self._states[source].updated_s and not is_whole(path):
                log.warning("%s: %s is missing or damaged; downloading the list again", source, path)
                self._states[source] = ListState()
                self._save()

    def _tell_once(self, fault: str) -> None:
        if fault != self._told:
            self._told = fault
            log.error("%s", fault)
