"""What the owner has set, on the volume: whole or as before, told when it cannot be read, and never lost."""

import asyncio
import json
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

import pytest

from app.config.settings import Blocking, Settings
from app.errors import OperatorError
from app.files import stamp
from app.host import memory
from app.owner.will import ALLOW, ALLOWS, BLOCKS, DENY, LIST, NAME, OFF, Key, Moment, Will
from app.owner.wishes import Wish
from app.programs import owner_file, paths
from app.programs.owner_applied import Applied
from app.programs.owner_door import OwnerDoor
from app.programs.owner_file import OwnerWatcher
from tests.fakes.ruleset import ruleset

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


class PowerCut(BaseException):
    """Nothing runs any more: no error is handled, nothing is cleaned up."""


class Disk:
    """Says what is left in `folder` when the power goes before a step that `random` chooses: what was not waited for
    may be there in part, and a name may be the old one or the new one until its folder was waited for."""

    STEPS = 6

    def __init__(self, folder: Path, random: Random, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.random = random
        self.left = random.randrange(self.STEPS + 1)
        self.waited_for = {stamp(path) for path in folder.iterdir()}
        self.replaced: dict[Path, bytes | None] = {}
        for name in ("open", "fchmod", "fsync", "fdopen"):
            monkeypatch.setattr(os, name, partial(self.step, name, getattr(os, name)))
        rename = Path.rename
        monkeypatch.setattr(Path, "rename", lambda path, target: self.step("rename", partial(rename, path), target))

    def step(self, name: str, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        is_read = name == "open" and not arguments[1] & os.O_WRONLY
        if not is_read and name != "fdopen":
            if not self.left:
                raise PowerCut
            self.left -= 1
        if name == "rename":
            self.replaced[arguments[0]] = arguments[0].read_bytes() if arguments[0].exists() else None
        done = call(*arguments, **named)
        if name == "fsync":
            path = Path(f"/proc/self/fd/{arguments[0]}").readlink()
            self.waited_for.add(stamp(path))
            if path == self.folder:
                self.replaced.clear()
        return done

    def lose_power(self) -> None:
        """What was only in memory is lost, or half of it."""
        for path in self.folder.iterdir():
            if stamp(path) not in self.waited_for:
                content = path.read_bytes()
                path.write_bytes(content[: self.random.randrange(len(content) + 1)])
        for path, before in self.replaced.items():
            if self.random.random() < 0.5:
                path.unlink()
                if before is not None:
                    path.write_bytes(before)


@pytest.mark.parametrize("seed", range(100))
def test_after_a_power_cut_anywhere_the_old_state_is_there_or_the_new_one(settings: Settings, seed: int) -> None:
    random = Random(seed)
    old = WILL
    for number in range(random.randrange(20)):
        old = old.after({Key(NAME, f"n{number}.example"): DENY}, NOW)
    new = old.after({Key(NAME, "new.example"): ALLOW}, NOW)
    owner_file.write(settings, old)
    with pytest.MonkeyPatch.context() as patches:
        disk = Disk(paths.owner(settings).parent, random, patches)
        is_done = True
        try:
            owner_file.write(settings, new)
        except PowerCut:
            is_done = False
    disk.lose_power()
    found = owner_file.read(settings)
    assert found == new if is_done else found in (old, new)
    owner_file.write(settings, new)
    assert owner_file.read(settings) == new


@pytest.mark.server
@pytest.mark.parametrize("seed", range(100))
def test_a_writer_that_is_killed_anywhere_has_done_what_it_told_and_at_most_one_change_more(
    settings: Settings, seed: int
) -> None:
    told, tells = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            change_for_ever(settings, tells)
        os._exit(1)
    os.close(tells)
    count = 0
    for _ in range(Random(seed).randrange(1, 6)):
        count += len(os.read(told, 1))
    sleep(Random(seed).random() * 0.004)  # somewhere in the next change, which takes about as long
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(told, 100):
        count += len(more)
    os.close(told)
    found = owner_file.read(settings)
    assert found is not None
    assert len(found.names(DENY)) in (count, count + 1)
    assert found.names(DENY) == [f"n{number}.example" for number in range(len(found.names(DENY)))]


def change_for_ever(settings: Settings, tells: int) -> None:
    """Through the door, which says when a change is done."""
    applied = Applied()
    applied.row(0)[0] = 1 << 62
    rules = ruleset()
    door = OwnerDoor(settings, {}, lambda: rules, applied)

    async def change() -> None:
        for number in range(1000):
            await door.change(Wish("deny", [f"n{number}.example"]), "me")
            os.write(tells, b".")

    asyncio.run(change())
