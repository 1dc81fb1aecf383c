"""Lists as the program `lists` leaves them, without it."""

import tempfile
from pathlib import Path

from app.files import write_atomically
from app.lists.compile import Rules, compile_list
from app.lists.layout import Header
from app.lists.names import BLOCKS_BELOW
from app.lists.parse import parse
from app.lists.paths import compiled


def compiled_list(
    text: str, source: str, title: str = "untitled", *, plain: int = BLOCKS_BELOW
) -> tuple[Header, bytes]:
    """Of a wildcard list, unless `plain` says otherwise."""
    with tempfile.TemporaryDirectory() as folder, Rules(Path(folder), "rules") as rules:
        rules.plain = plain
        return compile_list(rules, source, parse([text.encode()], rules).title or title)


def write_list(folder: Path, source: str, text: str, title: str = "untitled") -> Path:
    path = compiled(folder, source)
    write_atomically(path, compiled_list(text, source, title)[1])
    return path
