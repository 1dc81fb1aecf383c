"""Block lists in files: those that are closed to the program of the lists are handed to it by root's, as copies.

What that program may read by itself needs none, however large it is: the run folder is memory. The index says of each
file which it is, and is also what upkeep goes by, so that lists which a SIGHUP brought are followed too.
"""

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from zlib import crc32

from app import reading
from app.config.settings import Settings
from app.config.sources import read
from app.errors import ListError
from app.files import keep, keep_folder, read_regular, stamp
from app.lists.listfile import ListFile, itself
from app.trust import disk

from . import paths, users

MOST_OCTETS = 8 << 20
"""Of all copies together: compose gives /run 16 MB."""
_MOST_INDEX_OCTETS = 1 << 20
_OPEN = "let all read it with `chmod o+r`, and enter its folders with `chmod o+x`"


@dataclass(frozen=True, slots=True)
class Handed:
    """How a file is to be had: by itself, or by its `copy`, or not because of `fault`. `uid` looks at it."""

    mark: str
    uid: int
    copy: str = ""
    fault: str = ""


def hand_over(settings: Settings, addresses: Iterable[str]) -> None:
    """Leave copies, and the index. Without root there is nobody else to hand anything to. Raises OperatorError."""
    reader = users.find(users.LISTS)
    if reader is None:
        return
    folder, group, index = paths.for_lists(settings), reader.pw_gid, dict[str, Handed]()
    with disk.write_faults(folder):
        keep_folder(settings.run_dir, 0o755)
        keep_folder(folder, 0o750, group)
        left = MOST_OCTETS
        for address in addresses:
            handed, content = _looked_at(Path(address), reader.pw_uid, group, left)
            if content is not None:
                left -= len(content)
                copy = folder / f"{crc32(address.encode()):08x}-{len(address)}"
                keep(copy, content, 0o640, group)
                handed = replace(handed, copy=str(copy))
            index[address] = handed
        wanted = {each.copy for each in index.values()}
        text = json.dumps({address: asdict(handed) for address, handed in index.items()})
        keep(_index(folder), text.encode(), 0o640, group)
        for path in folder.iterdir():
            if path != _index(folder) and str(path) not in wanted:
                path.unlink()


def files_of(settings: Settings) -> list[str]:
    """The paths of all lists that are files."""
    blocking = settings.blocking
    its = map(read, blocking.sources if blocking.enabled else ())
    return list(dict.fromkeys(each.address for each in its if each.is_file))


def followed(settings: Settings) -> list[str]:
    """The paths of those in the index."""
    return list(_read_index(_index(paths.for_lists(settings))))


def situation(settings: Settings) -> object:
    """What changes when one of the files in the index does; None if there are none. Never raises."""
    index = _read_index(_index(paths.for_lists(settings)))
    return tuple(sorted((address, _mark_of(address, handed.uid)) for address, handed in index.items())) or None


def looker(settings: Settings) -> Callable[[str], ListFile]:
    """For the program of the lists: where the content of a path is."""
    return _Looker(_index(paths.for_lists(settings))).look


class _Looker:
    def __init__(self, index: Path) -> None:
        self._path = index
        self._seen: object = None
        self._index: Mapping[str, Handed] = {}

    def look(self, address: str) -> ListFile:
        if (seen := stamp(self._path)) != self._seen:
            self._seen, self._index = seen, _read_index(self._path)
        handed = self._index.get(address)
        if handed is None or not (handed.copy or handed.fault):
            return itself(address)
        return ListFile(handed.copy, handed.mark, handed.fault)


@contextmanager
def opened(address: str) -> Iterator[int | None]:
    """For a child that reads a file once: the file's content, or None if it may read it by itself. Raises ListError."""
    reader, content = users.find(users.LISTS), None
    if reader is not None:
        handed, content = _looked_at(Path(address), reader.pw_uid, reader.pw_gid, MOST_OCTETS)
        if handed.fault:
            raise ListError(handed.fault)
    if content is None:
        yield None
        return
    with os.fdopen(os.memfd_create("list"), "w+b") as file:
        file.write(content)
        file.seek(0)
        yield file.fileno()


def _index(folder: Path) -> Path:
    return folder / "index.json"


def _read_index(path: Path) -> dict[str, Handed]:
    try:
        return {address: Handed(**its) for address, its in json.loads(read_regular(path, _MOST_INDEX_OCTETS)).items()}
    except (OSError, ValueError):
        return {}


def _looked_at(path: Path, reader: int, group: int, most_octets: int) -> tuple[Handed, bytes | None]:
    """How the file can be had, and its content if by a copy."""
    with reading.acting_as(reader, group):
        if os.access(path, os.R_OK, effective_ids=True):
            return Handed(itself(str(path)).mark, reader), None
    uid = reading.ROOT
    try:
        uid = reading.whose(path)
        handed = Handed(_mark_of(str(path), uid), uid)
        return handed, reading.read(path, most_octets)
    except OSError as error:
        return Handed(_mark_of(str(path), uid), uid, fault=_why_not(error)), None


def _why_not(error: OSError) -> str:
    if error.errno == errno.EFBIG:
        return f"is closed to the program of the lists, and {MOST_OCTETS >> 20} MB are the most of such files: {_OPEN}"
    if error.errno == errno.EACCES:
        return f"is closed to the program of the lists, and to whoever decides what lies there: {_OPEN}"
    return f"cannot be read: {'is not a file' if error.errno == errno.EINVAL else error.strerror}"


def _mark_of(address: str, uid: int) -> str:
    try:
        with reading.acting_as(uid):
            return itself(address).mark
    except OSError as error:  # without the capability to be somebody else
        return f"error {error.errno}"
