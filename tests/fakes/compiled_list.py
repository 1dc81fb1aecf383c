"""Lists as the program `lists` leaves them, without it."""

import tempfile
from pathlib import Path

from app.files import write_atomically
from app.lists.compile import Rules, compile_list
from app.lists.layout import Header
from app.lists.parse import parse
from app.lists.paths import compiled


def compiled_list(text: str, source: str, title: str = "untitled") -> tuple[Header, bytes]:
    with tempfile.TemporaryDirectory() as folder, Rules(Path(folder), "rules") as rules:
        parsed = parse([text.encode()], rules)
        return compile_list(rules, source, parsed.title or title, parsed)


def write_list(folder: Path, source: str, text: str, title: str = "untitled") -> Path:
    path = compiled(folder, source)
    write_atomically(path, compiled_list(text, source, title)[1])
    return path
