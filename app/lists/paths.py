"""Where a list lies, and what it is called before it has said so itself."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit
from zlib import crc32

from app.config.sources import read

SUFFIX, DOWNLOAD_SUFFIX = ".list", ".download"

_MOST_TITLE_CHARACTERS, _MOST_PLACE_CHARACTERS = 60, 50
_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")


def compiled(folder: Path, source: str) -> Path:
    """The compiled list of `source`, an address or a path: its last part for people, its checksum for us."""
    return folder / f"{_STRANGE.sub('-', title_of(source))}-{crc32(source.encode()):08x}{SUFFIX}"


def unfinished(path: Path) -> Path:
    """How the names of what becomes the compiled list at `path` begin: leftovers, when nobody is at work on it."""
    return path.with_name(f".{path.name}.")


def download(path: Path) -> Path:
    """What is downloaded for the compiled list at `path` and not compiled yet."""
    return path.with_name(f".{path.stem}{DOWNLOAD_SUFFIX}")


def compile_lock(folder: Path) -> Path:
    """An empty file: who holds its lock may compile."""
    return folder / "turn"  # as earlier versions have it on the volume


def state(folder: Path) -> Path:
    """What is known about each list: state.py reads and writes it."""
    return folder / "state.json"


def title_of(source: str) -> str:
    """The last part of an address or path."""
    address = read(source).address
    return (PurePosixPath(urlsplit(address).path).name or address.partition("?")[0])[:_MOST_TITLE_CHARACTERS]


def told_apart(titles: Mapping[str, str]) -> dict[str, str]:
    """A title of its own for each source: behind one that several have is the server or the file, or else a number."""
    apart = {}
    for source, title in titles.items():
        alike = [other for other, same in titles.items() if same == title]
        where = [_place(other) for other in alike]
        number = alike.index(source)
        mine = where[number] if where.count(where[number]) == 1 else f"{number + 1}"
        apart[source] = f"{title} ({mine})" if len(alike) > 1 else title
    return apart


def _place(source: str) -> str:
    parts = urlsplit(read(source).address)
    return (parts.hostname or PurePosixPath(parts.path).name)[:_MOST_PLACE_CHARACTERS]
