"""Where a list lies, and what it is called before it has said so itself."""

import re
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit
from zlib import crc32

SUFFIX = ".list"

_MOST_TITLE_CHARACTERS = 60
_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")


def compiled(folder: Path, source: str) -> Path:
    """The compiled list of `source`, an address or a path: its last part for people, its checksum for us."""
    return folder / f"{_STRANGE.sub('-', title_of(source))}-{crc32(source.encode()):08x}{SUFFIX}"


def unfinished(path: Path) -> Path:
    """How the names of what becomes the compiled list at `path` begin: leftovers, when nobody is at work on it."""
    return path.with_name(f".{path.name}.")


def turn(folder: Path) -> Path:
    """An empty file: who holds its lock may compile."""
    return folder / "turn"


def state(folder: Path) -> Path:
    """What is known about each list: state.py reads and writes it."""
    return folder / "state.json"


def title_of(source: str) -> str:
    """The last part of an address or path."""
    return (PurePosixPath(urlsplit(source).path).name or source)[:_MOST_TITLE_CHARACTERS]
