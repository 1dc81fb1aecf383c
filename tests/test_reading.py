"""Real users, by their numbers: what one of them may not read, root does not read for it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.reading import NOBODY, ROOT, acting_as, read, whose
from tests.appliance import folder_for_all

GUEST, OTHER = 4001, 4002
SECRET = b"a key"


def test_an_ordinary_user_reads_as_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(SECRET)
    assert read(tmp_path / "file", 5) == SECRET
    with pytest.raises(OSError, match="large"):
        read(tmp_path / "file", 4)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a file"):
        read(tmp_path / "pipe", 10)


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_for_all() as path:
        yield path


@pytest.fixture
def secret(folder: Path) -> Path:
    path = folder / "secret"
    path.write_bytes(SECRET)
    path.chmod(0o600)
    return path


def owned(path: Path, uid: int, mode: int) -> Path:
    if not path.exists():
        path.mkdir()
    os.chown(path, uid, uid)
    path.chmod(mode)
    return path


@pytest.mark.server
def test_where_root_alone_decides_it_reads_what_is_there_whoever_owns_it(secret: Path) -> None:
    assert (whose(secret), read(secret, 10)) == (ROOT, SECRET)
    (secret.parent / "link").symlink_to("./../" + secret.parent.name + "/secret")
    assert read(secret.parent / "link", 10) == SECRET


@pytest.mark.server
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o775])
def test_in_a_users_folder_that_users_rights_count(folder: Path, secret: Path, mode: int) -> None:
    his = owned(folder / "his", GUEST, mode)
    (his / "file").write_bytes(b"his")
    owned(his / "file", GUEST, 0o600)
    assert (whose(his / "file"), read(his / "file", 10)) == (GUEST, b"his")
    (his / "link").symlink_to(secret)
    os.link(secret, his / "name")
    (his / "sub").symlink_to(folder)
    for trick in (his / "link", his / "name", his / "sub/secret"):
        with pytest.raises(PermissionError):
            read(trick, 10)


@pytest.mark.server
def test_where_several_decide_nobodys_rights_count(folder: Path, secret: Path) -> None:
    his = owned(folder / "his", GUEST, 0o755)
    hers = owned(his / "hers", OTHER, 0o755)
    everybodys = owned(folder / "everybodys", ROOT, 0o777)
    for place in (hers, everybodys):
        (place / "link").symlink_to(secret)
        (place / "open").write_bytes(b"open")
        owned(place / "open", GUEST, 0o644)
        assert (whose(place / "link"), read(place / "open", 10)) == (NOBODY, b"open")
        with pytest.raises(PermissionError):
            read(place / "link", 10)


@pytest.mark.server
def test_in_a_folder_like_tmp_each_entry_is_its_owners(folder: Path, secret: Path) -> None:
    shared = owned(folder / "shared", ROOT, 0o1777)
    (shared / "root's").write_bytes(SECRET)
    (shared / "link").symlink_to(secret)
    os.chown(shared / "link", GUEST, GUEST, follow_symlinks=False)
    os.link(secret, shared / "name")
    assert [whose(shared / name) for name in ("root's", "link", "name", "none")] == [ROOT, GUEST, NOBODY, NOBODY]


@pytest.mark.server
def test_a_ring_of_links_leads_nowhere(folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        read(folder / "a", 10)


@pytest.mark.server
def test_who_acts_as_another_is_root_again_and_in_no_group_of_roots_meanwhile() -> None:
    before = os.getgroups()
    with acting_as(GUEST):
        assert (os.geteuid(), os.getegid(), os.getgroups()) == (GUEST, NOBODY, [])
    assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, before)
