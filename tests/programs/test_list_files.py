"""A block list in a file that only root, or its owner, may read blocks all the same, and no trick makes it more."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.config.settings import Blocking, Settings
from app.programs import list_files, paths, users
from app.reading import acting_as
from tests.appliance import running, settings_in
from tests.internet import Internet

GUEST = 4001
DEADLINE_S = 30.0


@pytest.fixture
def settings(folder: Path) -> Settings:
    return Settings(run_dir=folder / "run")


@pytest.fixture
def own(folder: Path) -> Path:
    """As an administrator with umask 077 makes it."""
    (folder / "config").mkdir(0o700)
    path = folder / "config/mine.txt"
    path.write_text("ads.example\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch, one_user: None) -> None:
    monkeypatch.undo()


def seen(settings: Settings, path: Path) -> str:
    """What the program of the lists would read or tell."""
    reader = users.find(users.LISTS)
    assert reader is not None
    with acting_as(reader.pw_uid, reader.pw_gid):
        its = list_files.looker(settings)(str(path))
        return its.fault or Path(its.path).read_text()


def test_without_root_there_is_nobody_to_hand_anything_to(settings: Settings, own: Path) -> None:
    list_files.hand_over(settings, [str(own)])
    assert not paths.for_lists(settings).exists()
    assert list_files.situation(settings) is None
    look = list_files.looker(settings)
    assert (look(str(own)).path, look(str(own)).fault) == (str(own), "")


def test_only_files_of_lists_that_are_in_use_are_handed_on() -> None:
    blocking = Blocking(lists=("exact:/a.txt", "https://a.example/", "/b.txt"), allow_lists=("/a.txt", "/c.txt"))
    assert list_files.files_of(Settings(blocking=blocking)) == ["/a.txt", "/b.txt", "/c.txt"]
    assert list_files.files_of(Settings(blocking=replace(blocking, enabled=False))) == []


@pytest.mark.server
@pytest.mark.usefixtures("as_root")
def test_a_closed_file_is_handed_on_to_that_program_alone(settings: Settings, own: Path) -> None:
    list_files.hand_over(settings, [str(own)])
    assert seen(settings, own) == "ads.example\n"
    (copy,) = set(paths.for_lists(settings).iterdir()) - {paths.for_lists(settings) / "index.json"}
    assert copy.stat().st_mode & 0o777 == 0o640
    assert paths.for_lists(settings).stat().st_mode & 0o777 == 0o750
    before = list_files.situation(settings)
    own.write_text("more.example\n")
    assert list_files.situation(settings) != before
    list_files.hand_over(settings, list_files.followed(settings))
    assert seen(settings, own) == "more.example\n"
    own.unlink()
    list_files.hand_over(settings, list_files.followed(settings))
    assert seen(settings, own) == "cannot be read: No such file or directory"
    assert not copy.exists()


@pytest.mark.server
@pytest.mark.usefixtures("as_root")
def test_a_file_that_all_may_read_is_not_copied_however_long_it_is(settings: Settings, folder: Path) -> None:
    path = folder / "long.txt"
    with path.open("wb") as file:
        file.truncate(list_files.MOST_OCTETS + 1)
    list_files.hand_over(settings, [str(path)])
    assert [each.name for each in paths.for_lists(settings).iterdir()] == ["index.json"]
    assert list_files.looker(settings)(str(path)).path == str(path)
    path.chmod(0o600)
    list_files.hand_over(settings, [str(path)])
    assert "8 MB are the most of such files: let all read it" in seen(settings, path)


@pytest.mark.server
@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("kind", ["link", "name", "pipe", "folder"])
def test_what_another_user_puts_in_its_place_is_no_way_to_a_secret(
    settings: Settings, folder: Path, own: Path, kind: str
) -> None:
    his = folder / "his"
    his.mkdir()
    os.chown(his, GUEST, GUEST)
    path = his / "mine.txt"
    if kind == "link":
        path.symlink_to(own)
    elif kind == "name":
        os.link(own, path)
    elif kind == "pipe":
        os.mkfifo(path, 0o600)
        os.chown(path, GUEST, GUEST)
    else:
        path.mkdir()
    list_files.hand_over(settings, [str(path)])
    assert "ads.example" not in seen_or_fault(settings, path)
    assert [each.name for each in paths.for_lists(settings).iterdir()] == ["index.json"]


def seen_or_fault(settings: Settings, path: Path) -> str:
    try:
        return seen(settings, path)
    except OSError as error:
        return str(error)


def until(true: Callable[[], object], log: Callable[[], str]) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline_s, log()
        time.sleep(0.1)  # until upkeep and the program of the lists have looked


@pytest.mark.server
def test_a_list_of_roots_alone_blocks_and_its_changes_are_followed(folder: Path, own: Path, internet: Internet) -> None:
    allow = own.with_name("allow.txt")
    allow.write_text("good.ads.example\n")
    allow.chmod(0o600)
    more = {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": str(own)}
    more["HOMEDOT_BLOCKING__ALLOW_LISTS"] = str(allow)
    more["HOMEDOT_CONFIG"] = str(own.with_name("homedot.yaml"))
    own.with_name("homedot.yaml").write_text("log: {level: info}\n")
    own.with_name("homedot.yaml").chmod(0o600)
    with running(folder, settings_in(folder, **internet.environment, **more)) as appliance:

        def names() -> str:
            return appliance.homedot("lists").stdout

        until(lambda: "1 names" in names() or "1 name" in names(), lambda: names() + appliance.log)
        assert appliance.homedot("lists", "check", str(own)).stdout.startswith("mine.txt: 1 names")
        own.write_text("".join(f"ad{number}.example\n" for number in range(7)))
        until(lambda: "7 names" in names(), lambda: names() + appliance.log)
        own.write_text("")
        until(lambda: "was written this minute" in names(), names)
        assert "7 names" in names()
