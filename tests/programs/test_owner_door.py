"""The one door of all changes: each is applied to the newest state, and written before it is told."""

import asyncio
from pathlib import Path

import pytest

from app.config.settings import Blocking, Settings
from app.errors import OperatorError
from app.host import memory
from app.lists.suffixes import Suffixes
from app.owner.will import ALLOW, DENY, NAME, Key
from app.owner.wishes import Wish
from app.programs import owner_door, owner_file, paths
from app.programs.owner_applied import Applied
from app.programs.owner_door import OwnerDoor
from app.trust import clock
from tests.fakes.clock import Clock
from tests.fakes.ruleset import ruleset

pytestmark = pytest.mark.anyio

NOW_S = 1_900_000_000.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, blocking=Blocking(deny=("bad.example",)))


def door(settings: Settings, *, workers: int = 1, has_applied: bool = True) -> OwnerDoor:
    applied = Applied(workers)
    if has_applied:
        for worker in range(workers):
            applied.row(worker)[0] = 1 << 62
    rules = ruleset(hosts={"nas.home.arpa": "192.168.1.5"})
    where = {"blocking.deny": "HOMEDOT_BLOCKING__DENY"}
    return OwnerDoor(settings, where, lambda: rules, applied, crowds=["172.17.0.1"], now=Clock(NOW_S))


async def test_a_hundred_changes_at_once_from_two_doors_that_take_turns_lose_nothing(settings: Settings) -> None:
    """One process has one door; page and commands come through it at any moment."""
    only = door(settings)
    names = [f"n{number}.example" for number in range(100)]
    await asyncio.gather(*(only.change(Wish("deny", [name]), f"{number}") for number, name in enumerate(names)))
    will = owner_file.read(settings)
    assert will is not None
    assert sorted(will.names(DENY)) == sorted(names)
    stamps = [will.entries[Key(NAME, name)].stamp for name in names]
    assert len(set(stamps)) == 100
    assert [change.number for change in will.changes] == list(range(91, 101))


async def test_what_the_rules_answer_here_and_what_is_never_blocked_is_refused(settings: Settings) -> None:
    for do, name, sentence in (
        ("allow", "nas.home.arpa", "would have no effect: nas.home.arpa: answered here: there is a record for it"),
        ("deny", "localhost", "must be names that somebody owns"),
        ("deny", "x.localhost", "would have no effect: x.localhost: answered here: localhost has a fixed meaning"),
        ("deny", "captive.apple.com", "devices test their network with it"),
        ("deny", "com", "is a public suffix"),
        ("allow", "bad.example", "set in HOMEDOT_BLOCKING__DENY: change it there"),
    ):
        with pytest.raises(ValueError, match=sentence):
            await door(settings).change(Wish(do, [name]), "me")
    with pytest.raises(ValueError, match="nobody can pause one alone"):
        await door(settings).change(Wish("pause", ["172.17.0.1"], "1h"), "me")
    assert owner_file.read(settings) is None


async def test_the_published_suffixes_are_known(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_door, "published", lambda: Suffixes(["co.uk"]))
    with pytest.raises(ValueError, match="is a public suffix"):
        await door(settings).change(Wish("deny", ["co.uk"]), "me")


async def test_a_damaged_file_is_never_written_over(settings: Settings) -> None:
    path = paths.owner(settings)
    path.parent.mkdir()
    for content in (b"nonsense", b'{"format": 9, "all": "mine"}'):
        path.write_bytes(content)
        with pytest.raises(OperatorError, match="it is left as it is"):
            await door(settings).change(Wish("deny", ["ads.example"]), "me")
        with pytest.raises(OperatorError, match="it is left as it is"):
            await door(settings).undo(None, "me")
        assert path.read_bytes() == content


async def test_what_not_every_worker_has_taken_over_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_door, "_DEADLINE_S", 0.05)
    told = await door(settings, workers=2, has_applied=False).change(Wish("deny", ["ads.example"]), "me")
    assert told["says"][-1] == "not every worker has taken it over yet: see the log"


async def test_a_clock_that_is_not_set_is_noted_as_that(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: None)
    await door(settings).change(Wish("deny", ["ads.example"]), "me")
    will = owner_file.read(settings)
    assert will is not None
    assert (will.changes[0].at_s, will.stamp) == (0, 1)


async def test_undo_says_what_is_so_again(settings: Settings) -> None:
    one = door(settings)
    await one.change(Wish("deny", ["ads.example"]), "a")
    await one.change(Wish("allow", ["ads.example"]), "b")
    told = await one.undo(None, "c")
    assert told["says"] == [
        "undone: ads.example is allowed, with everything below it",
        "ads.example is blocked, with everything below it",
    ]
    will = owner_file.read(settings)
    assert will is not None
    assert (will.names(ALLOW), will.names(DENY), will.changes[-1].undone_by) == ([], ["ads.example"], "c")


async def test_where_memory_is_short_the_sentence_of_the_start_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "shortage", lambda: "there are 96 MB of memory: doing without block lists")
    with pytest.raises(ValueError, match="there are 96 MB of memory"):
        await door(settings).change(Wish("add", ["https://lists.example/a.txt"]), "me")


async def test_all_that_is_set_is_described(settings: Settings) -> None:
    one = door(settings)
    await one.change(Wish("name", ["192.168.1.9"], label="tv"), "me")
    told = await one.described()
    assert told["devices"][0]["value"] == "tv"
    assert told["names"][0]["set_in"] == "HOMEDOT_BLOCKING__DENY"
