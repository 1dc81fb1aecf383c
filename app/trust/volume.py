"""Folders on the volume that change as a whole, by one writer at a time.

    unfinished/     a change in the making; whoever finds it throws it away
    next.LABEL/     a change that is decided: its folders take their places, and whoever finds it goes on with that
    old.LABEL/      what had those places before

So a change that is cut off anywhere has not begun, or is completed by the next start.
"""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path

from app.errors import OperatorError
from app.files import write_atomically

Folders = Mapping[str, Mapping[str, bytes]]


@contextmanager
def sole_writer(volume: Path) -> Iterator[None]:
    """Keep every other process out, and complete what one before us began. Raises OSError, or OperatorError."""
    descriptor = os.open(volume, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, volume)
        _complete(volume)
        yield
    finally:
        os.close(descriptor)


def replace(volume: Path, folders: Folders, label: str) -> None:
    """Put `folders` (name, then file name -> content) on the volume, all or none; those in their place move aside.

    For the sole writer. Raises OSError.
    """
    unfinished = volume / "unfinished"
    unfinished.mkdir(mode=0o700)
    for name, files in folders.items():
        (unfinished / name).mkdir(mode=0o700)
        for file, content in files.items():
            write_atomically(unfinished / name / file, content, 0o600)
    _sync(unfinished)
    unfinished.rename(volume / f"next.{label}")
    _sync(volume)
    _complete(volume)


def is_absent(folder: Path) -> bool:
    """Whether there is nothing in `folder`, or no such folder. Raises OSError."""
    try:
        return not any(folder.iterdir())
    except FileNotFoundError:
        return True


def _lock(descriptor: int, volume: Path) -> None:
    try:
        # A lock on the folder itself needs no permission to write, and ends with the process (flock(2)).
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OperatorError(f"{volume}: another Homedot is changing it: wait a moment and try again") from error


def _complete(volume: Path) -> None:
    unfinished = volume / "unfinished"
    for ours in (unfinished, *volume.glob("next.*")):
        if os.path.lexists(ours) and not stat.S_ISDIR(ours.lstat().st_mode):
            raise OperatorError(f"{ours}: is not a folder, and Homedot keeps its own of that name there: move it away")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    for decided in sorted(volume.glob("next.*")):
        aside = volume / f"old{decided.suffix}"
        for folder in sorted(decided.iterdir()):
            place = volume / folder.name
            if not is_absent(place):
                aside.mkdir(mode=0o700, exist_ok=True)
                place.rename(_free(aside / folder.name))
                _sync(aside)
            folder.rename(place)
        decided.rmdir()
        _sync(volume)


def _free(path: Path) -> Path:
    """`path`, or the first of path.2, path.3, ... that is absent: a label may have come twice."""
    later = (path.with_name(f"{path.name}.{number}") for number in count(2))
    return next(each for each in chain([path], later) if is_absent(each))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
