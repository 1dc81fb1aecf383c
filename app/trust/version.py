"""Which programs can use the authority on the volume: one number beside it, which a later program may raise.

    data_dir/version.json     {"version": 1, "written_by": "0.1.0"}

It is raised only by what an earlier program cannot use; what is merely added needs no other number. A volume without
it is of version 1. What else lies on the volume is no matter of this number: it says itself what it is, and is made
anew where it cannot be read. See docs/decisions/0015-volume-version.md.
"""

import json
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from app import __version__
from app.errors import OperatorError
from app.files import keep, read_regular

log = logging.getLogger(__name__)

VERSION = 1
FILE = "version.json"
_MOST_OCTETS = 4096

_PROGRAM = re.compile(r"[0-9A-Za-z.+-]{1,40}")


def refuse_later(data_dir: Path) -> None:
    """Raises OperatorError if only a later program can use the volume. Changes nothing."""
    path = data_dir / FILE
    tree = _read(path)
    version, program = tree.get("version"), tree.get("written_by")
    if type(version) is int and version > VERSION:
        is_name = isinstance(program, str) and _PROGRAM.fullmatch(program)
        who = f"Homedot {program}" if is_name else "the later Homedot"
        raise OperatorError(
            f"{path}: the volume is of version {version}, and Homedot {__version__} can use version {VERSION} at most. "
            f"Nothing was changed: start {who} again, which wrote it, or restore a backup from before it into an "
            "empty volume"
        )


def refuse_traces(data_dir: Path, told_of: Path | None, mending: str) -> None:
    """Raises OperatorError, with `mending` as its last line, if something says that there was an authority once.

    A backup by somebody who may not read closed folders has everything but that.
    """
    traces = [told_of] if told_of else []
    traces += [path for path in (data_dir / FILE, *data_dir.glob("old.*")) if path.exists()]
    if traces:
        fault = f"ca and tls are missing, but {traces[0].name} beside them tells of an authority that devices trust"
        raise OperatorError([f"{data_dir}: {fault}", mending])


def note(data_dir: Path) -> None:
    """Say on the volume that it is of our version. One that takes no note is of version 1 all the same."""
    with suppress(OSError):
        keep(data_dir / FILE, (json.dumps({"version": VERSION, "written_by": __version__}) + "\n").encode())


def _read(path: Path) -> Mapping[str, object]:
    """What it says; nothing if there is nothing. What cannot be read stops nobody: the authority's own files decide."""
    try:
        tree = json.loads(read_regular(path, _MOST_OCTETS))
        if isinstance(tree, dict):
            return tree
        reason = "is no object"
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error)
    log.warning("%s: cannot be read; writing a new one: %s", path, reason)
    return {}
