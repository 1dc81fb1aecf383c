import os
from pathlib import Path

import pytest

from app.files import keep, keep_folder, read_regular, stamp, write_atomically


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_the_content_is_there_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"one")
    write_atomically(path, b"two", 0o640)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["file"]


def test_no_other_user_can_read_it_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    real = os.fdopen

    def look(descriptor: int, mode: str) -> object:
        modes.append(os.fstat(descriptor).st_mode & 0o777)
        return real(descriptor, mode)

    monkeypatch.setattr(os, "fdopen", look)
    write_atomically(tmp_path / "key", b"secret", 0o644)
    assert modes == [0o600]


@pytest.mark.parametrize("step", ["fsync", "fchmod", "rename"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path if step == "rename" else os, step, fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_leftover_of_a_killed_writer_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".file.new").write_bytes(b"half")
    write_atomically(tmp_path / "file", b"whole")
    assert names(tmp_path) == ["file"]


def test_does_not_write_through_a_planted_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / ".file.new").symlink_to(victim)
    write_atomically(tmp_path / "file", b"yours")
    assert victim.read_bytes() == b"mine"


def test_what_is_there_already_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    keep(path, b"one")
    before = path.stat().st_ino
    keep(path, b"one")
    assert path.stat().st_ino == before
    keep(path, b"two")
    assert path.read_bytes() == b"two"


def test_a_file_that_is_longer_than_memory_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch(0o644)
    os.truncate(path, 1 << 40)
    keep(path, b"one")
    assert path.read_bytes() == b"one"


def test_what_others_may_read_is_taken_from_them_again(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    keep_folder(path.parent, 0o700)
    keep(path, b"secret", 0o600)
    path.parent.chmod(0o755)
    path.chmod(0o644)
    keep_folder(path.parent, 0o700)
    keep(path, b"secret", 0o600)
    assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


def test_no_link_is_followed_to_a_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to("elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        keep_folder(tmp_path / "link", 0o700)
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    seen = [stamp(path)]
    for content in (b"one", b"two"):
        write_atomically(path, content)
        seen.append(stamp(path))
    path.write_bytes(b"three")
    seen.append(stamp(path))
    assert seen[0] is None
    assert len({*seen}) == 4
    assert stamp(path) == seen[-1]


def test_a_file_is_read_as_far_as_it_may_be_long(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(OSError, match="File too large"):
        read_regular(path, 4)


@pytest.mark.parametrize("kind", ["pipe", "link", "device"])
def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(tmp_path)
    else:
        path = Path("/dev/zero")
    with pytest.raises(OSError, match=r"is not a file|Too many levels"):
        read_regular(path, 5)
