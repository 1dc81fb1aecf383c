import os
from pathlib import Path

import pytest

from app.lists.download import forget, keeping, kept
from app.lists.fetch import Response, Validators

VALIDATORS = Validators('"1"', "now")
PIECES = [b"a.example\n", b"b.example\n"]


def pieces_at(path: Path) -> tuple[bytes, Validators] | None:
    with kept(path) as left:
        return None if left is None or left.pieces is None else (b"".join(left.pieces), left.validators)


def test_what_was_downloaded_whole_is_there_with_its_validators(tmp_path: Path) -> None:
    path = tmp_path / ".a.download"
    assert pieces_at(path) is None
    assert list(keeping(path, Response(iter(PIECES), VALIDATORS))) == PIECES
    assert pieces_at(path) == (b"".join(PIECES), VALIDATORS)
    forget(path)
    forget(path)
    assert pieces_at(path) is None


def test_what_was_cut_leaves_nothing(tmp_path: Path) -> None:
    pieces = keeping(tmp_path / ".a.download", Response(iter(PIECES), VALIDATORS))
    next(pieces)
    pieces.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("age_s", [86_401, -60])
def test_what_is_old_or_from_the_future_is_not_used(tmp_path: Path, age_s: int) -> None:
    path = tmp_path / ".a.download"
    list(keeping(path, Response(iter(PIECES), VALIDATORS)))
    at_s = path.stat().st_mtime - age_s
    os.utime(path, (at_s, at_s))
    assert pieces_at(path) is None


@pytest.mark.parametrize(
    "content", [b"", b"[]\na", b"{\n", b'{"colour": 1}\na', b"\xff\n", b"[" * 9000, b" " * 9000 + b"{}\n"]
)
def test_what_is_none_is_not_used(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ".a.download"
    path.write_bytes(content)
    assert pieces_at(path) is None


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "link", "endless"])
def test_what_is_no_file_is_neither_waited_for_nor_used(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ".a.download"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "endless":
        path.touch()
        os.truncate(path, 1 << 40)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path.name)
    assert pieces_at(path) is None
    assert list(keeping(path, Response(iter(PIECES), VALIDATORS))) == PIECES
    assert pieces_at(path) == (None if kind == "folder" else (b"".join(PIECES), VALIDATORS))
