"""A block list as it would be read, without using it: `homedot lists check`."""

import sys
from contextlib import nullcontext
from dataclasses import fields, replace
from pathlib import Path

from app.config.settings import Settings
from app.config.sources import list_source, read
from app.errors import ListError, OperatorError
from app.lists.child import DEADLINE_S, Child
from app.lists.contract import Job, Outcome
from app.lists.state import ListState

from . import handing, list_files, paths, users

_COMPILE = (sys.executable, "-P", "-m", "app.programs", "compile")


def source_of(typed: str) -> str:
    """What `typed`, an address or a path from here, would be in the settings. Raises OperatorError if it is neither."""
    address = read(typed).address
    words = typed.removesuffix(address)
    try:
        return list_source(words + (address if "://" in address else str(Path(address).absolute())))
    except ValueError as error:
        raise OperatorError(f"lists check: {error} (got {typed!r})") from None


def checked(settings: Settings, source: str) -> Outcome:
    """What would come of it. What strangers write is read by the user who reads it always, within the same limits.

    Raises OperatorError if it cannot be had.
    """
    job = Job(source, str(paths.lists(settings)), is_check=True)
    try:
        with list_files.opened(read(source).address) if read(source).is_file else nullcontext() as descriptor:
            kept = () if descriptor is None else (descriptor,)
            return Child(
                (*_as_reader(), *_with_settings(settings), *_COMPILE),
                replace(job, descriptor=descriptor),
                DEADLINE_S,
                kept,
            ).wait()
    except ListError as error:
        raise OperatorError(f"{source}: {error}") from error


def as_known(outcome: Outcome) -> ListState:
    """What would be known about the list, as far as its content goes."""
    names = {item.name for item in fields(Outcome)} & {item.name for item in fields(ListState)}
    return ListState(**{name: getattr(outcome, name) for name in names})


def _with_settings(settings: Settings) -> tuple[str, ...]:
    """What hands that user its copy of the settings; none while nothing runs, and then it reads what it may."""
    copy = paths.handed(settings.run_dir, users.LISTS)
    return ("env", f"{handing.VARIABLE}={copy}") if copy.exists() else ()


def _as_reader() -> tuple[str, ...]:
    """What drops root's rights, as `as` does for the programs."""
    ends_with_us = ("setpriv", "--pdeathsig", "KILL")
    if users.find(users.LISTS) is None:
        return ends_with_us
    nobody_else = ("--reuid", users.LISTS, "--regid", users.LISTS, "--clear-groups", "--no-new-privs")
    return (*ends_with_us, *nobody_else, "--inh-caps=-all", "--ambient-caps=-all", "--")
