import stat
from pathlib import Path

import pytest

from app.errors import OperatorError
from app.trust import volume

NEW = {"ca": {"one": b"1"}, "tls": {"two": b"2", "three": b"3"}}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_folders_appear_for_the_owner_alone(tmp_path: Path) -> None:
    volume.replace(tmp_path, NEW, "x")
    assert files(tmp_path) == {"ca/one": b"1", "tls/two": b"2", "tls/three": b"3"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "ca", tmp_path / "tls")} == {0o700}
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in files(tmp_path)} == {0o600}


def test_what_was_there_moves_aside_and_the_rest_stays(tmp_path: Path) -> None:
    volume.replace(tmp_path, NEW, "x")
    volume.replace(tmp_path, {"tls": {"four": b"4"}}, "y")
    assert files(tmp_path) == {"ca/one": b"1", "tls/four": b"4", "old.y/tls/two": b"2", "old.y/tls/three": b"3"}
    assert stat.S_IMODE((tmp_path / "old.y").stat().st_mode) == 0o700


def test_the_next_writer_completes_what_was_decided_and_throws_away_what_was_not(tmp_path: Path) -> None:
    volume.replace(tmp_path, NEW, "x")
    (tmp_path / "next.y/ca").mkdir(parents=True)
    (tmp_path / "next.y/ca/five").write_bytes(b"5")
    (tmp_path / "unfinished/tls").mkdir(parents=True)
    with volume.sole_writer(tmp_path):
        pass
    assert files(tmp_path) == {"ca/five": b"5", "tls/two": b"2", "tls/three": b"3", "old.y/ca/one": b"1"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca", "old.y", "tls"]


def test_two_changes_of_one_name_keep_what_both_replaced(tmp_path: Path) -> None:
    """A label has seconds, and a fast machine needs less than one for a change."""
    for content in (b"1", b"2", b"3", b"4"):
        volume.replace(tmp_path, {"tls": {"a": content}}, "now")
    kept = {path.parent.name: path.read_bytes() for path in (tmp_path / "old.now").rglob("a")}
    assert kept == {"tls": b"1", "tls.2": b"2", "tls.3": b"3"}
    assert (tmp_path / "tls/a").read_bytes() == b"4"


def test_there_is_one_writer_at_a_time(tmp_path: Path) -> None:
    with (
        volume.sole_writer(tmp_path),
        pytest.raises(OperatorError, match="another Homedot is changing it"),
        volume.sole_writer(tmp_path),
    ):
        pass
    with volume.sole_writer(tmp_path):
        pass


def test_a_folder_is_absent_when_it_is_not_there_or_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert volume.is_absent(tmp_path / "none")
    assert volume.is_absent(tmp_path / "empty")
    assert not volume.is_absent(tmp_path)
