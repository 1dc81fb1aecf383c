"""`homedot why`: which rule and which list decide."""

import asyncio
from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.load import load
from app.programs import paths, reasons
from tests.fakes.frontdoor import hearing
from tests.fakes.upstream import address_of, serving


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    folders = {"HOMEDOT_DATA_DIR": str(tmp_path), "HOMEDOT_RUN_DIR": str(tmp_path)}
    return folders | {f"HOMEDOT_{name}": value for name, value in more.items()}


def test_needs_no_running_box_for_what_is_decided_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", "Bad.Example."], environment(tmp_path, BLOCKING__DENY="example")) == 0
    assert capsys.readouterr().out == "bad.example: blocked: example is in blocking.deny\n"


@pytest.mark.anyio
async def test_the_command_asks_the_front_door_whether_blocking_is_paused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = paths.control_socket(load(environment(tmp_path)).settings)
    async with hearing(path, counts={"blocking_paused_seconds": 90}):
        command = ["why", "bad.example"], environment(tmp_path, BLOCKING__DENY="example")
        assert await asyncio.to_thread(main, *command) == 0
    first, note = capsys.readouterr().out.splitlines()
    assert first == "bad.example: would be blocked: example is in blocking.deny"
    assert note.startswith("blocking is paused for 90 s more, until ")


@pytest.mark.anyio
async def test_says_that_blocking_is_off_and_that_unbound_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reasons, "_TIMEOUT_S", 0.2)
    closed = environment(tmp_path, BLOCKING__ENABLED="false", RESOLVER__PORT="1")
    async with hearing(paths.control_socket(load(closed).settings), counts={"blocking_paused_seconds": 0}):
        assert await asyncio.to_thread(main, ["why", "www.example", "https"], closed) == 0
    first, *notes = capsys.readouterr().out.splitlines()
    assert first == "www.example: not blocked: no rule and no list has it"
    assert notes == [
        "blocking.enabled is false: nothing is blocked",
        "where it leads to for HTTPS is not known: no answer came in time",
    ]


@pytest.mark.anyio
async def test_asks_nobody_on_the_port_of_an_unbound_that_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(address_of) as whoever_came_after:
        left = environment(tmp_path, RESOLVER__PORT=str(whoever_came_after.port))
        assert await asyncio.to_thread(main, ["why", "www.example", "a"], left) == 0
    assert whoever_came_after.seen == []
    assert "where it leads to for A is not known: Homedot is not running" in capsys.readouterr().out


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
