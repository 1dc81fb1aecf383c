"""Root reads what the operator named, with the rights of who else decides what lies there.

Whoever may write in a folder on the way to a file may put a link there to somebody's secret, or a second name of it.
Root's own rights are for files where nobody but root decides. Root here is without DAC_OVERRIDE: where it alone
decides, a file that is closed to it too is read as its owner.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .files import read_regular

ROOT, NOBODY = 0, 65534
_MOST_LINKS = 40
"""As Linux follows (path_resolution(7))."""


@contextmanager
def acting_as(uid: int, gid: int = NOBODY) -> Iterator[None]:
    """Look at files as that user, with this group alone. Without root: as ourselves. For a process of one thread."""
    if os.geteuid() != ROOT or uid == ROOT:
        yield
        return
    groups = os.getgroups()
    try:
        os.setgroups([])
        os.setegid(gid)
        os.seteuid(uid)
        yield
    finally:
        os.seteuid(ROOT)
        os.setegid(ROOT)
        os.setgroups(groups)


def read(path: Path, most_octets: int) -> bytes:
    """The content of a regular file, at most so long. Never waits. Raises OSError."""
    uid = whose(path)
    try:
        with acting_as(uid):
            return read_regular(path, most_octets, follow_links=True)
    except PermissionError:
        owner = path.stat().st_uid if uid == ROOT else uid
        if owner == uid:
            raise
        with acting_as(owner):
            return read_regular(path, most_octets, follow_links=True)


def whose(path: Path) -> int:
    """Whose rights count for `path`: root's, the one user's who decides what lies there, or nobody's."""
    if os.geteuid() != ROOT:
        return os.geteuid()
    found = set(_deciders(path))
    if len(found) == 1:
        with acting_as(*found):  # in a folder of its own, which root may not enter
            found |= set(_deciders(path))
    return found.pop() if len(found) == 1 else NOBODY if found else ROOT


def _deciders(path: Path) -> Iterator[int]:
    """Each user but root who may put something else on the way to `path`; nobody stands for several.

    As far as the way can be seen: whoever opens the file is told of the rest.
    """
    place, names, links = Path("/"), list(reversed(path.absolute().parts)), 0
    with suppress(OSError):
        while names:
            name = names.pop()
            if name in {"/", ".."}:
                place = Path("/") if name == "/" else place.parent
                continue
            folder, place = place, place / name
            entry = _entry(place)
            yield from _who_writes(folder.lstat(), entry)
            if entry is None:
                return
            if stat.S_ISLNK(entry.st_mode):
                links += 1
                if links > _MOST_LINKS:
                    return
                names += reversed(place.readlink().parts)
                place = folder


def _entry(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


def _who_writes(folder: os.stat_result, entry: os.stat_result | None) -> Iterator[int]:
    if folder.st_uid != ROOT:
        yield folder.st_uid
    of_group = stat.S_IWGRP if folder.st_gid not in (ROOT, folder.st_uid) else 0  # a group of its own has no others
    if not folder.st_mode & (stat.S_IWOTH | of_group):
        return
    if entry is None or not folder.st_mode & stat.S_ISVTX:
        yield NOBODY
    elif entry.st_uid != ROOT:
        yield entry.st_uid  # in a folder like /tmp nobody replaces another's
    elif entry.st_nlink > 1 and not stat.S_ISDIR(entry.st_mode):
        yield NOBODY  # a second name of anything
