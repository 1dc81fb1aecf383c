"""What was downloaded, until it is compiled: a child that is killed then leaves it, and the next one needs no server.

It has no name before it is whole, so that nothing is left behind of a download that was cut.
"""

import json
import os
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from io import BufferedReader, FileIO
from pathlib import Path

from app.files import open_regular

from .fetch import Response, Validators

_MOST_AGE_S = 86400.0
"""Then its server has another one by now."""
_PIECE_OCTETS, _MOST_LINE_OCTETS = 64 * 1024, 4096


@contextmanager
def kept(path: Path) -> Iterator[Response | None]:
    """What an earlier child has left at `path`; None if it did not, or too long ago."""
    try:
        file = BufferedReader(open_regular(path))
    except OSError:
        yield None
        return
    with file:
        try:
            validators = Validators(**json.loads(file.readline(_MOST_LINE_OCTETS)))
            is_young = 0 <= time.time() - os.fstat(file.fileno()).st_mtime < _MOST_AGE_S
        except (ValueError, TypeError, RecursionError):
            is_young = False
        yield Response(iter(lambda: file.read(_PIECE_OCTETS), b""), validators) if is_young else None


def keeping(path: Path, response: Response) -> Generator[bytes, None, None]:
    """The pieces of `response`; when all have come, they are at `path`, if the disk has room for them."""
    with _nameless(path.parent) as file:
        is_kept = _written(file, json.dumps(asdict(response.validators)).encode() + b"\n")
        for piece in response.pieces or ():
            is_kept = is_kept and _written(file, piece)
            yield piece
        if not is_kept:
            return
        with suppress(OSError):  # a filesystem where what has no name can get none: it is downloaded again then
            forget(path)
            # A folder is named only because Python then lets the kernel follow the link; the path is whole.
            os.link(f"/proc/self/fd/{file.fileno()}", path, src_dir_fd=file.fileno(), follow_symlinks=True)


def _nameless(folder: Path) -> FileIO:
    try:
        return FileIO(os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600), "wb")
    except OSError:
        with tempfile.TemporaryFile(dir=folder) as file:  # it cannot get a name later (open(2), O_TMPFILE)
            return FileIO(os.dup(file.fileno()), "wb")


def forget(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _written(file: FileIO, octets: bytes) -> bool:
    """Whether there was room; if not, all of it is given back."""
    try:
        while octets:
            octets = octets[file.write(octets) :]
    except OSError:
        file.truncate(0)
        return False
    return True
