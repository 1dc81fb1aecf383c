"""`homedot lists`: show them, add and remove some, ask for new ones, accept small ones, check others."""

import asyncio
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

from app.config.handed import where_set
from app.config.load import Loaded
from app.config.settings import Settings
from app.config.sources import read
from app.errors import OperatorError
from app.lists.state import ALLOWS, ListState
from app.programs.control_client import change
from app.programs.list_check import as_known, checked, source_of
from app.programs.list_status import (
    content,
    described,
    is_allow_list,
    protection,
    remarks,
    request_acceptance,
    request_refresh,
    states,
    summary,
)
from app.programs.output import tell_faults
from app.programs.owner_described import list_origins
from app.programs.owner_file import NOBODYS, in_force
from app.programs.owner_file import read as read_owner

from . import as_json

_ACTIONS = ("show", "add", "remove", "refresh", "accept", "check")
_LIKE = "https://example.com/list.txt"
EXIT_MISSING = 1
"""A list of the settings is not there: what it has is not blocked. Or nothing of one that is checked would be."""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", default="show", choices=_ACTIONS)
    parser.add_argument(
        "which",
        nargs="?",
        metavar="LIST",
        help="for add, remove and check: an address or a file; for accept: its title or address",
    )
    parser.add_argument("--allow", action="store_true", help="for add: its names are allowed, and not blocked")
    as_json.argument(parser)


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Do it. Raises OperatorError."""
    settings, action, which = in_force(loaded.settings), arguments.action, arguments.which
    if action == "check":
        return check(settings, which, as_document=arguments.json)
    if action in {"add", "remove"}:
        return change_lists(settings, action, which, allows=arguments.allow)
    if which is not None and action != "accept":
        raise OperatorError(f"lists {action}: takes no list (got {which!r})")
    if arguments.json and action != "show":
        raise OperatorError(f"lists {action}: has no --json")
    if action == "accept":
        accept(settings, which)
        return 0
    if action == "refresh":
        refresh(settings)
        return 0
    if arguments.json:
        as_json.show(documents(settings, _origins(loaded)))
    else:
        show(settings, _origins(loaded))
    return EXIT_MISSING if protection(settings.blocking, _used(settings)).missing else 0


def documents(settings: Settings, origins: Mapping[str, str]) -> list[dict[str, object]]:
    """What is known about each list, for scripts; in `set` also where it is set."""
    found = []
    for source, known in _used(settings).items():
        allows = is_allow_list(settings.blocking, source, known)
        found.append({**described(source, known, time.time(), allows=allows), "set": origins.get(source)})
    return found


def show(settings: Settings, origins: Mapping[str, str]) -> None:
    """Print what the lists do as a whole, and what is known about each."""
    if not settings.blocking.enabled:
        print("blocking.enabled is false: no list is used")
        return
    every = states(settings)
    print(protection(settings.blocking, every).sentence)
    for source, known in every.items():
        facts = summary(source, known, time.time(), allows=is_allow_list(settings.blocking, source, known))
        print("\n  ".join((source, *facts, *filter(None, [origins.get(source)]))))
    for source in origins.keys() - every.keys():
        print(f"{source}\n  switched off, {origins[source]}")


def change_lists(settings: Settings, action: str, which: str | None, *, allows: bool) -> int:
    """Let the running Homedot add a list, or remove one. Raises OperatorError."""
    if which is None:
        raise OperatorError(f"lists {action}: must be followed by an address or a file, like {_LIKE}")
    do = "add allowing" if action == "add" and allows else action
    print("\n".join(asyncio.run(change(settings, do, [which], by=f"homedot lists {action}"))))
    return 0


def _origins(loaded: Loaded) -> Mapping[str, str]:
    """Where each list is set, also those that are switched off. Says what cannot be read of what the owner has set."""
    try:
        will = read_owner(loaded.settings) or NOBODYS
    except OperatorError as error:
        tell_faults(error)
        will = NOBODYS
    return list_origins(loaded.settings, where_set(loaded), will)


def _used(settings: Settings) -> Mapping[str, ListState]:
    return states(settings) if settings.blocking.enabled else {}


def refresh(settings: Settings) -> None:
    """Let the running Homedot look at all sources now. Raises OperatorError."""
    request_refresh(settings)
    print("checking all lists now; `homedot lists` shows the result")


def accept(settings: Settings, which: str | None) -> None:
    """Let the running Homedot take the next download of this list (its title or address), or without one of each that
    was refused for its size, whatever its size."""
    if not settings.blocking.enabled:
        raise OperatorError("lists accept: blocking.enabled is false: no list is used")
    known = states(settings)
    chosen = [source for source, its in known.items() if its.is_refused] if which is None else _named(which, known)
    if not chosen:
        print("no list is refused for its size: there is nothing to accept")
    for source in chosen:
        request_acceptance(settings, source)
        print(f"{source}: is being downloaded, and used whatever its size; `homedot lists` shows the result")


def check(settings: Settings, which: str | None, *, as_document: bool) -> int:
    """Print what would be kept of a list, and what would be left out and why, without using it. Returns 1 if nothing
    would be kept. Raises OperatorError if it cannot be had."""
    if which is None:
        raise OperatorError("lists check: must be followed by an address or a file, like https://example.com/list.txt")
    source = source_of(which)
    known = as_known(checked(settings, source))
    if as_document:
        told = content(known, allows=known.has_exceptions_only)
        as_json.show({"source": source, "title": known.title, **told})
    else:
        kept = f"{known.title}: {known.names} names and {known.exceptions} exceptions would be kept"
        print("\n  ".join((kept, *([ALLOWS] if known.has_exceptions_only else []), *remarks(known))))
    return 0 if known.names or known.exceptions else EXIT_MISSING


def _named(which: str, known: Mapping[str, ListState]) -> list[str]:
    """The sources of that title or address. Raises OperatorError if there is none, and for a file."""
    chosen = [source for source, its in known.items() if which in (source, read(source).address, its.title)]
    if not chosen:
        titles = ", ".join(its.title or source for source, its in known.items())
        raise OperatorError(f"lists accept: must be the title or the address of a list: {titles} (got {which!r})")
    if read(chosen[0]).is_file:
        raise OperatorError(f"lists accept: {chosen[0]} is a file, which is always taken as it is")
    return chosen
