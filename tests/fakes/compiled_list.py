"""Lists as the program `lists` leaves them, without it."""

import tempfile
from collections.abc import Container
from pathlib import Path

from app.files import write_atomically
from app.lists.compile import Rules, compile_list
from app.lists.layout import Header
from app.lists.names import BLOCKS_BELOW
from app.lists.parse import parse
from app.lists.paths import compiled
from app.lists.suffixes import TOP_LEVEL


def compiled_list(
    text: str, source: str, title: str = "untitled", *, plain: int = BLOCKS_BELOW, above: Container[bytes] = TOP_LEVEL
) -> tuple[Header, bytes]:
    """Of a wildcard list, unless `plain` says otherwise."""
    with tempfile.TemporaryDirectory() as folder, Rules(Path(folder), "rules") as rules:
        rules.plain = plain
        parsed = parse([text.encode()], rules, above)
        return compile_list(rules, source, parsed.title or title, parsed)


def write_list(
    folder: Path, source: str, text: str, title: str = "untitled", *, above: Container[bytes] = TOP_LEVEL
) -> Path:
    path = compiled(folder, source)
    write_atomically(path, compiled_list(text, source, title, above=above)[1])
    return path
