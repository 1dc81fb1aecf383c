"""`homedot why`: which rule and which list decide."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.load import load
from app.lists.paths import compiled
from app.programs import paths
from app.programs.paths import IS_RUNNING
from tests.fakes.frontdoor import hearing


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    folders = {"HOMEDOT_DATA_DIR": str(tmp_path), "HOMEDOT_RUN_DIR": str(tmp_path)}
    return folders | {f"HOMEDOT_{name}": value for name, value in more.items()}


@pytest.mark.anyio
async def test_the_front_door_says_what_becomes_of_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with hearing(paths.control_socket(load(environment(tmp_path)).settings)):
        for arguments, note in (
            (["WWW.Ads.example."], {"A": 1, "AAAA": 28, "HTTPS": 65}),
            (["www.ads.example", "type28"], None),
        ):
            assert await asyncio.to_thread(main, ["why", *arguments], environment(tmp_path)) == 0
            said, noted = capsys.readouterr().out.splitlines()
            assert said == "www.ads.example: blocked: ads.example is on the list Made-up list"
            assert noted == f"noted for {note or {'TYPE28': 28}}"


def test_without_a_front_door_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", "www.example"], environment(tmp_path)) == 2
    assert IS_RUNNING in capsys.readouterr().err


@pytest.mark.parametrize("lists", ["nothing", "a pipe"])
@pytest.mark.anyio
async def test_it_does_not_look_at_the_lists_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lists: str
) -> None:
    settings = load(environment(tmp_path, BLOCKING__LISTS="/config/a.txt")).settings
    if lists == "a pipe":
        paths.lists(settings).mkdir()
        os.mkfifo(compiled(paths.lists(settings), "/config/a.txt"))
    async with hearing(paths.control_socket(settings)):
        asked = asyncio.to_thread(main, ["why", "www.example"], environment(tmp_path, BLOCKING__LISTS="/config/a.txt"))
        assert await asyncio.wait_for(asked, 20) == 0
    assert "no list has it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["..."], "must be followed by a name, like www.example.com"),
        (["stra\u200dße.example"], "must be followed by a name, like www.example.com"),
        (["www.example", "ADDRESS"], "must be a type like A, NS"),
        (["www.example", "TYPE0"], "must be a type"),
        (["www.example", "TYPE65536"], "must be a type"),
    ],
)
def test_what_is_no_name_or_type_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], fault: str
) -> None:
    assert main(["why", *arguments], environment(tmp_path)) == 2
    assert fault in capsys.readouterr().err


@pytest.mark.anyio
async def test_scripts_are_told_the_rule_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with hearing(paths.control_socket(load(environment(tmp_path)).settings)):
        assert await asyncio.to_thread(main, ["why", "www.ads.example", "--json"], environment(tmp_path)) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["blocked"], told["kind"]) == ("www.ads.example", True, "listed")
    assert (told["rule"], told["title"]) == ("ads.example", "Made-up list")
    assert told["says"] == "www.ads.example: blocked: ads.example is on the list Made-up list"
