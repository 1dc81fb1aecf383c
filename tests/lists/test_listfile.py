import os
from pathlib import Path

import pytest

from app.errors import ListError
from app.lists.listfile import itself, pieces


def test_a_change_of_content_or_rights_changes_the_mark(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    marks = [itself(str(path)).mark]
    path.write_text("a.example")
    marks.append(itself(str(path)).mark)
    path.write_text("b.example\n")
    marks.append(itself(str(path)).mark)
    path.chmod(0o600)
    marks.append(itself(str(path)).mark)
    assert marks[0] == "error 2"
    assert len(set(marks)) == len(marks)
    assert itself(str(path)).mark == marks[-1]


def test_an_open_file_is_read_as_one_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"x" * 100_000)
    assert b"".join(pieces(path)) == b"".join(pieces(os.open(path, os.O_RDONLY))) == path.read_bytes()


def test_a_pipe_that_nobody_writes_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ListError, match="is not a file"):
        list(pieces(tmp_path / "pipe"))
