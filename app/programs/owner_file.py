"""The file on the volume in which what the owner has set is kept, and the settings together with it.

The first worker of the front door is the only one who writes it: record 38.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from app.config import sources
from app.config.settings import Blocking, Settings
from app.errors import OperatorError
from app.files import read_regular, stamp, write_atomically
from app.host import memory
from app.owner.form import MOST_OCTETS, LaterFormatError, from_octets, to_octets
from app.owner.will import ALLOW, ALLOWS, BLOCKS, DENY, LIST, OFF, Will
from app.trust import disk

from . import paths

log = logging.getLogger("homedot")

NOBODYS = Will("")
"""Where nothing was ever set."""
OWNERS_ALLOW, OWNERS_DENY = "the owner's allow list", "the owner's deny list"
_LATER = "update Homedot, or go on without what is set there: it is left as it is"
_DAMAGED = "it is left as it is: put the one of a backup there, or move it away, and set again what you want"


def read(settings: Settings) -> Will | None:
    """None if nothing was ever set. Raises OperatorError, also for what is damaged or of a later version."""
    path = paths.owner(settings)
    try:
        with disk.write_faults(path):
            return from_octets(read_regular(path, MOST_OCTETS))
    except OperatorError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
    except LaterFormatError as error:
        raise OperatorError(f"{path}: {error}: {_LATER}") from error
    except ValueError as error:
        raise OperatorError(f"{path}: {error}: {_DAMAGED}") from error


def write(settings: Settings, will: Will) -> None:
    """The old content or the new one is there, whole, also after a power cut. Raises OperatorError, and ValueError for
    what is too much."""
    path, octets = paths.owner(settings), to_octets(will)
    with disk.write_faults(path):
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_atomically(path, octets)


class OwnerWatcher:
    """Follows the file. `will` is what it said when it could be read last."""

    def __init__(self, settings: Settings, took: Callable[[Will], None] = lambda _: None) -> None:
        self._settings = settings
        self._took = took
        self._seen: object = ()
        self.will = NOBODYS
        self.look()

    def look(self) -> bool:
        """Take over what changed; True if something did. What is damaged is told once, and all goes on as before."""
        mark = stamp(paths.owner(self._settings))
        if mark == self._seen:
            return False
        self._seen = mark
        try:
            self.will = read(self._settings) or NOBODYS
        except OperatorError as error:
            for fault in error.faults:
                log.warning("what the owner has set: %s", fault)
            return False
        self._took(self.will)
        return True


def with_owner(settings: Settings, will: Will) -> Settings:
    """The settings as they are with what the owner has set."""
    blocking = settings.blocking
    if not will.entries or not blocking.enabled:
        return settings
    allow, deny = (*blocking.allow, *will.names(ALLOW)), (*blocking.deny, *will.names(DENY))
    blocking = replace(blocking, allow=tuple(dict.fromkeys(allow)), deny=tuple(dict.fromkeys(deny)))
    return replace(settings, blocking=_with_lists(blocking, will))


def _with_lists(blocking: Blocking, will: Will) -> Blocking:
    blocks, allows = (_added(will, value) for value in (BLOCKS, ALLOWS))
    if (blocks or allows) and memory.shortage():
        return blocking
    off = {entry.key.of for entry in will.live(LIST, OFF)}
    lists, allow_lists = _but_not(off, *blocking.lists, *blocks), _but_not(off, *blocking.allow_lists, *allows)
    return replace(blocking, lists=lists, allow_lists=allow_lists)


def _added(will: Will, value: str) -> list[str]:
    return [entry.key.of for entry in will.live(LIST, value) if _is_source(entry.key.of)]


def _but_not(off: Collection[str], *named: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source for source in named if source not in off))


def _is_source(text: str) -> bool:
    """Whoever could write the file has no list read that the settings would not take."""
    try:
        return sources.list_source(text) == text
    except ValueError:
        return False


def titles(settings: Settings, will: Will) -> Mapping[str, str]:
    """Where the owner's names stand, for those that no setting has too."""
    blocking = settings.blocking
    allowed = {name: OWNERS_ALLOW for name in will.names(ALLOW) if name not in blocking.allow}
    return allowed | {name: OWNERS_DENY for name in will.names(DENY) if name not in blocking.deny}


def in_force(settings: Settings) -> Settings:
    """The settings with what the owner has set, for who asks now and then. What cannot be read is told by who follows
    it."""
    try:
        return with_owner(settings, read(settings) or NOBODYS)
    except OperatorError as error:
        log.debug("%s", error)
        return settings
