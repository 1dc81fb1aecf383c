"""What the owner has set, on the volume: whole or as before, told when it cannot be read, and never lost."""

import json
import logging
import os
from pathlib import Path

import pytest

from app.config.settings import Blocking, Settings
from app.errors import OperatorError
from app.host import memory
from app.owner.will import ALLOW, ALLOWS, BLOCKS, DENY, LIST, NAME, OFF, Key, Moment, Will
from app.programs import owner_file, paths
from app.programs.owner_file import OwnerWatcher

NOW = Moment(1_800_000_000.0, "homedot")
WILL = Will("box").after({Key(NAME, "ads.example"): DENY}, NOW)
PRO, MINE = "https://lists.example/pro.txt", "https://lists.example/mine.txt"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, blocking=Blocking(lists=(PRO,), deny=("bad.example",)))


def damage(settings: Settings, content: bytes) -> None:
    paths.owner(settings).parent.mkdir(exist_ok=True)
    paths.owner(settings).write_bytes(content)


def test_what_is_written_is_read_and_everybody_may(settings: Settings) -> None:
    assert owner_file.read(settings) is None
    owner_file.write(settings, WILL)
    assert owner_file.read(settings) == WILL
    assert paths.owner(settings).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "is damaged: it is left as it is: put the one of a backup there, or move it away"),
        (b'{"format":2}', r"was written by a later Homedot \(format 2, and this one knows 1\): update Homedot"),
        (b" " * ((1 << 20) + 1), "is longer than any such file"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_next_step(settings: Settings, content: bytes, sentence: str) -> None:
    damage(settings, content)
    with pytest.raises(OperatorError, match=sentence):
        owner_file.read(settings)


def test_a_link_is_not_followed(settings: Settings, tmp_path: Path) -> None:
    owner_file.write(settings, WILL)
    paths.owner(settings).rename(tmp_path / "elsewhere")
    paths.owner(settings).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OperatorError, match="is a link"):
        owner_file.read(settings)


def test_a_watcher_takes_over_each_change_and_keeps_what_it_has_when_the_file_is_damaged(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    took: list[Will] = []
    watcher = OwnerWatcher(settings, took.append)
    assert (watcher.will, watcher.look()) == (owner_file.NOBODYS, False)
    owner_file.write(settings, WILL)
    assert watcher.look()
    assert watcher.will == took[-1] == WILL
    assert not watcher.look()
    damage(settings, b"nonsense")
    with caplog.at_level(logging.WARNING):
        assert not watcher.look()
        assert not watcher.look()
    assert [record.getMessage().count("is damaged") for record in caplog.records] == [1]
    assert watcher.will == WILL
    owner_file.write(settings, WILL.after({Key(NAME, "ads.example"): ALLOW}, NOW))
    assert watcher.look()
    paths.owner(settings).unlink()
    assert watcher.look()
    assert watcher.will == owner_file.NOBODYS


def test_the_box_starts_with_a_damaged_file_and_says_so(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    damage(settings, b"nonsense")
    with caplog.at_level(logging.WARNING):
        assert OwnerWatcher(settings).will == owner_file.NOBODYS
    assert "what the owner has set: " in caplog.text
    assert owner_file.in_force(settings) == settings
    assert paths.owner(settings).read_bytes() == b"nonsense"


def test_settings_and_the_owners_word_count_together(settings: Settings) -> None:
    wanted: dict[Key, object] = {Key(NAME, "shop.example"): ALLOW, Key(LIST, MINE): BLOCKS, Key(LIST, "/a.txt"): ALLOWS}
    will = WILL.after(wanted, NOW)
    blocking = owner_file.with_owner(settings, will).blocking
    assert (blocking.allow, blocking.deny) == (("shop.example",), ("bad.example", "ads.example"))
    assert (blocking.lists, blocking.allow_lists) == ((PRO, MINE), ("/a.txt",))
    off = owner_file.with_owner(settings, will.after({Key(LIST, PRO): OFF}, NOW)).blocking
    assert off.lists == (MINE,)
    assert owner_file.titles(settings, will.after({Key(NAME, "bad.example"): DENY}, NOW)) == {
        "shop.example": "the owner's allow list",
        "ads.example": "the owner's deny list",
    }


def test_a_list_that_no_setting_would_take_is_not_read_whoever_wrote_it_there(settings: Settings) -> None:
    will = Will("box").after({Key(LIST, source): BLOCKS for source in ("file:///etc/shadow", "x", "a/../b")}, NOW)
    assert owner_file.with_owner(settings, will).blocking.lists == (PRO,)


def test_where_memory_is_short_the_owners_lists_give_way_too(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    will = Will("box").after({Key(LIST, MINE): BLOCKS}, NOW)
    monkeypatch.setattr(memory, "shortage", lambda: "little")
    assert owner_file.with_owner(settings, will).blocking.lists == (PRO,)


def test_with_blocking_off_the_owners_word_waits() -> None:
    off = Settings(blocking=Blocking(enabled=False))
    assert owner_file.with_owner(off, WILL) is off


def test_a_disk_that_is_full_is_told_and_the_old_file_stays(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner_file.write(settings, WILL)

    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OperatorError, match="the disk is full"):
        owner_file.write(settings, WILL.after({Key(NAME, "ads.example"): ALLOW}, NOW))
    assert owner_file.read(settings) == WILL
    assert [path.name for path in paths.owner(settings).parent.iterdir()] == ["will.json"]
    assert json.loads(paths.owner(settings).read_bytes())["format"] == 1
