"""A list that is tried without being used, by the user who reads lists, whoever asks for it."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config.load import load
from app.config.settings import Settings
from app.errors import OperatorError
from app.lists.contract import Outcome
from app.lists.state import ListState
from app.programs import paths, users
from app.programs.list_check import as_known, source_of
from tests.appliance import folder_for_all, homedot
from tests.fakes.list_server import ListServer, http

IS_ROOT = os.geteuid() == 0
TEXT = "! Title: Mine\nads.example\n||bad.example^\n@@||good.bad.example^\n||zip^\n||mov^\n||dev^\nhello\nworld\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_for_all() as path:
        (path / "lists").mkdir()
        if IS_ROOT:
            shutil.chown(path / "lists", users.LISTS, users.LISTS)
        (path / "list.txt").write_text(TEXT)
        (path / "list.txt").chmod(0o644)
        yield path


def environment(folder: Path) -> dict[str, str]:
    return {"HOMEDOT_DATA_DIR": str(folder), "HOMEDOT_RUN_DIR": str(folder), "HOMEDOT_RESOLVER__PORT": "1"}


def settings(folder: Path) -> Settings:
    return load(environment(folder)).settings


def check(folder: Path, *words: str) -> tuple[int, str]:
    """The exit code of `homedot lists check`, and what it says."""
    done = homedot(environment(folder), "lists", "check", *words)
    return done.returncode, done.stdout or done.stderr


def test_says_what_would_be_kept_and_what_left_out_and_why(folder: Path) -> None:
    code, said = check(folder, str(folder / "list.txt"))
    kept, *lines = said.splitlines()
    assert code == 0
    assert kept == "Mine: 2 names and 1 exceptions would be kept"
    assert lines == [
        "  exact: a plain name in it is for that name alone (fewer than 1000 such names tell nothing)",
        "  left out because they are for whole top-level domains or other public suffixes, and the list is not named"
        " with tlds: before its address: 3 lines, like zip and mov",
        "  not understood: 2 lines, like 'hello', 'world'",
    ]
    assert [path.name for path in paths.lists(settings(folder)).glob("*.list*")] == []


def test_each_reason_for_what_is_left_out_is_told_to_people_and_to_scripts(folder: Path) -> None:
    (folder / "list.txt").write_text("||a.example^\n||a.example/path\n/(?!a)/\n")
    reasons = [
        "1 rule needs what a DNS server cannot see: a path, like '||a.example/path'",
        "1 rule cannot be run in bounded time, like '/(?!a)/'",
    ]
    _, said = check(folder, str(folder / "list.txt"))
    assert said.splitlines()[1:] == [f"  left out: {reason}" for reason in reasons]
    _, said = check(folder, str(folder / "list.txt"), "--json")
    told = json.loads(said)
    assert (told["left_out"], told["unsupported_lines"]) == (reasons, 2)
    assert told["remarks"] == [f"left out: {reason}" for reason in reasons]


def test_scripts_are_told_with_examples_what_no_rule_is_and_what_is_for_whole_suffixes(folder: Path) -> None:
    _, said = check(folder, str(folder / "list.txt"), "--json")
    told = json.loads(said)
    assert (told["public_suffix_lines"], told["public_suffix_examples"]) == (3, ["zip", "mov"])
    assert (told["junk_lines"], told["junk_examples"]) == (2, ["hello", "world"])
    assert (told["reach"], told["reach_why"]) == ("exact", "fewer than 1000 such names tell nothing")


def test_what_stands_before_the_address_counts(folder: Path) -> None:
    code, said = check(folder, f"tlds:wildcard:{folder}/list.txt")
    kept, *lines = said.splitlines()
    assert code == 0
    assert kept == "Mine: 5 names and 1 exceptions would be kept"
    assert lines[0] == "  wildcard: a plain name in it is for everything below it too (the setting says so)"


def test_a_download_is_checked_too_and_scripts_are_told(folder: Path) -> None:
    with ListServer(lambda _: http(b"@@||good.example^\n")) as server:
        url = server.url()
        code, said = check(folder, url, "--json")
    told = json.loads(said)
    assert code == 0
    assert (told["source"], told["names"], told["exceptions"]) == (url, 0, 1)
    assert told["remarks"] == ["is an allow list: its names are allowed, whatever other lists say"]
    assert "etag" not in told


def test_a_list_of_which_nothing_would_be_kept_has_another_exit_code(folder: Path) -> None:
    (folder / "list.txt").write_text("hello world\n")
    assert check(folder, str(folder / "list.txt"))[0] == 1


@pytest.mark.parametrize("typed", ["none.txt", "https://127.0.0.1:1/list.txt"])
def test_a_list_that_cannot_be_had_says_why(folder: Path, typed: str) -> None:
    code, said = check(folder, typed)
    assert code == 2
    assert f"{typed}: cannot be re" in said


def test_without_a_list_it_says_what_it_wants(folder: Path) -> None:
    code, said = check(folder)
    assert code == 2
    assert "must be followed by an address or a file" in said


def test_a_file_that_is_closed_to_others_is_read_and_one_that_may_be_anybodys_secret_is_not(folder: Path) -> None:
    (folder / "list.txt").chmod(0o600)
    code, _ = check(folder, str(folder / "list.txt"))
    assert code == 0
    (folder / "shared").mkdir()
    (folder / "shared").chmod(0o777)
    (folder / "shared/list.txt").symlink_to("../list.txt")
    code, said = check(folder, str(folder / "shared/list.txt"))
    if IS_ROOT:
        assert code == 2
        assert "list.txt: is closed to the program of the lists, and to whoever decides what lies there" in said
    else:
        assert code == 0  # everything is one user's


def test_a_path_may_be_from_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert source_of("list.txt") == f"{tmp_path}/list.txt"
    assert source_of("tlds:./list.txt") == f"tlds:{tmp_path}/list.txt"
    assert source_of("https://lists.example/a.txt") == "https://lists.example/a.txt"
    with pytest.raises(OperatorError, match="lists check: must be addresses or absolute paths"):
        source_of("ftp://lists.example/a.txt")


def test_whatever_comes_of_a_list_is_known_of_it() -> None:
    outcome = Outcome(True, "Mine", 2, 1, 3, 4, ("x",), '"1"', "now", reach="exact", reach_why="so")
    assert as_known(outcome) == ListState(
        title="Mine", names=2, exceptions=1, unsupported=3, junk=4, examples=("x",), etag='"1"', last_modified="now",
        reach="exact", reach_why="so",
    )  # fmt: skip
