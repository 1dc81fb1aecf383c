"""A list that is a file: where its content can be read, and what changes when it does."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.errors import ListError

_PIECE_OCTETS = 64 * 1024


@dataclass(frozen=True, slots=True)
class ListFile:
    """The content is at `path`, unless `fault` says why it cannot be had; `mark` changes when the file does."""

    path: str
    mark: str
    fault: str = ""


def itself(address: str) -> ListFile:
    """A file that this program can read."""
    try:
        return ListFile(address, mark(os.stat(address)))  # noqa: PTH116 - a Path for each look would be made for nothing
    except OSError as error:
        return ListFile(address, f"error {error.errno}")


def mark(status: os.stat_result) -> str:
    """What changes when the file or its permissions do."""
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def pieces(place: Path | int) -> Iterator[bytes]:
    """The content of a file, by its path or open already. Raises ListError; waits for nobody who may write a pipe."""
    try:
        descriptor = place if isinstance(place, int) else os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ListError("is not a file")
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            while piece := file.read(_PIECE_OCTETS):
                yield piece
    except OSError as error:
        raise ListError(f"cannot be read by the program that compiles lists: {error.strerror}") from error
