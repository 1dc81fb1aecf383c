"""What goes wrong on a disk -> one sentence that says which file, why, and what to do about it."""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from app import reading
from app.errors import OperatorError
from app.files import read_regular

from . import filesystem

T = TypeVar("T")

_MOST_OCTETS = 1 << 20
"""Of a file with certificates or a key: a chain has some kilobytes."""

FULL = "cannot be written, the disk is full, or has no room for one file more (`df -i`): free some and start again"
_REASONS = {
    errno.ENOENT: "is missing",
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: "cannot be written, the volume is read-only: mount one there that {who} can write",
    errno.EINVAL: "is not a file: move it away, and put the one of a backup there if it is lost",
    errno.EISDIR: "is a folder and must be a file: move it away, and put the file of a backup there if it is lost",
    errno.ENOTDIR: "is not a folder: move it away, and put the folder of a backup there if it is lost",
    errno.EFBIG: "is longer than any such file: move it away, and put the one of a backup there",
    errno.ELOOP: "is a link, and none is followed there: put the folder itself in its place",
    errno.EPERM: (
        "{who} may not set owner or mode there: start the container with the capabilities listed in compose.yaml"
    ),
}


def read(path: Path, parse: Callable[[bytes], T], faults: list[str]) -> T | None:
    """The parsed content of a file. When it cannot be read or parsed: None, and a line is added to `faults`."""
    return _parsed(path, parse, faults, partial(read_regular, follow_links=True))


def read_named(path: Path, parse: Callable[[bytes], T], faults: list[str]) -> T | None:
    """The same of a file that the operator named, which may be another user's."""
    return _parsed(path, parse, faults, reading.read)


def _parsed(
    path: Path, parse: Callable[[bytes], T], faults: list[str], octets: Callable[[Path, int], bytes]
) -> T | None:
    try:
        return parse(octets(path, _MOST_OCTETS))
    except OSError as error:
        faults.append(_sentence(error, path))
    except ValueError as error:
        faults.append(f"{path}: {error}")
    return None


def not_ours_alone(folder: Path, names: Sequence[str], renewing: str) -> Iterator[str]:
    """One fault for each of `folder` and the files in it that another user owns, could change, or (a .key) could read.

    `renewing` is the command that makes a key anew. What is not there or cannot be looked at is for `read` to tell.
    """
    for path in (folder, *(folder / name for name in names)):
        try:
            status = path.stat()
        except OSError:
            continue
        mode, is_key = stat.S_IMODE(status.st_mode), path.suffix == ".key"
        if status.st_uid != os.geteuid():
            yield (
                f"{path}: belongs to uid {status.st_uid} and must belong to uid {os.geteuid()}, as which Homedot runs: "
                f"run `chown {os.geteuid()} {path}`"
            )
        elif is_key and mode & 0o077 and not filesystem.keeps_modes(folder):
            yield filesystem.refusal(folder)
        elif is_key and mode & 0o077:
            yield (
                f"{path}: is open to other users (mode {mode:04o}): run `chmod 600 {path}`, "
                f"and if somebody may have read it, `{renewing}`"
            )
        elif mode & 0o022:
            yield f"{path}: other users may change it (mode {mode:04o}): run `chmod go-w {path}`"


@contextmanager
def write_faults(folder: Path) -> Iterator[None]:
    """Turn an OSError in `folder` into an OperatorError."""
    try:
        yield
    except OSError as error:
        path = Path(error.filename) if isinstance(error.filename, str | os.PathLike) else folder
        raise OperatorError(_sentence(error, path)) from error


def _sentence(error: OSError, path: Path) -> str:
    who = f"uid {os.geteuid()}"
    if error.errno == errno.EACCES:
        place, status = _nearest(path)
        return (
            f"{path}: {who} may not use it, because {place} belongs to uid {status.st_uid} "
            f"with mode {stat.S_IMODE(status.st_mode):04o}: give {who} access, or run `chown {os.geteuid()} {place}`"
        )
    reason = _REASONS.get(error.errno or 0, f"{{who}} cannot use it: {error.strerror}")
    return f"{path}: {reason.replace('{who}', who)}"


def _nearest(path: Path) -> tuple[Path, os.stat_result]:
    """`path`, or the closest folder above it that can be looked at: the root folder always can."""
    try:
        return path, path.stat()
    except OSError:
        return _nearest(path.parent)
