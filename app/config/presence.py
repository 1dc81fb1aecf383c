"""Whether what a setting names is there, with the rights of who decides what lies there. Faults read as a parser's."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from app import reading


def is_file(named: Path) -> None:
    """Look whether there is such a file. Raises ValueError like a parser."""
    _look(named, "a file", stat.S_ISREG)


def is_folder(named: Path) -> None:
    """Look whether there is such a folder. Raises ValueError like a parser."""
    _look(named, "a folder", stat.S_ISDIR)


def _look(named: Path, kind: str, is_kind: Callable[[int], bool]) -> None:
    with reading.acting_as(reading.whose(named)):
        _look_ourselves(named, kind, is_kind)


def _look_ourselves(named: Path, kind: str, is_kind: Callable[[int], bool]) -> None:
    try:
        mode = named.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        if (link := _broken_link(named)) is not None:
            fault = f"{link} is a link to {link.readlink()}, and that is not there: mount the folder that holds both"
            raise ValueError(f"must be {kind}, and {fault}") from None
        raise ValueError(f"must be {kind}, and there is none: is it mounted into the container?") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"must be {kind} that uid {os.geteuid()} can reach: {error}") from None
    if not is_kind(mode):
        raise ValueError(f"must be {kind}, and is something else")


def _broken_link(named: Path) -> Path | None:
    """The link on the way to `named` whose target is not there."""
    for place in (*reversed(named.parents), named):
        if not place.exists():
            return place if place.is_symlink() else None
    return None
