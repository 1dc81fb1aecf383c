"""`homedot pause`, spoken to a front door that hears it."""

import asyncio
from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.load import load
from app.owner.length import moment
from app.programs import paths
from app.programs.paths import IS_RUNNING
from tests.fakes.frontdoor import NOW_S, hearing


@pytest.mark.anyio
async def test_the_front_door_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    async with hearing(paths.control_socket(load(environment).settings)) as heard:
        for arguments, left_s in ((["pause"], 600), (["pause", "90s"], 90)):
            assert await asyncio.to_thread(main, arguments, environment) == 0
            assert heard.pause.left_s == left_s
    until = f"blocking is paused for all devices until {moment(NOW_S + 90)}\n`homedot resume` ends it\n"
    assert capsys.readouterr().out.endswith(until)


@pytest.mark.anyio
async def test_it_may_be_for_some_devices_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    async with hearing(paths.control_socket(load(environment).settings)) as heard:
        argv = ["pause", "tomorrow", "--device", "192.168.1.7", "--device", "fd00::7"]
        assert await asyncio.to_thread(main, argv, environment) == 0
        assert (heard.pause.left_s, sorted(heard.pause.devices)) == (0, ["192.168.1.7", "fd00::7"])
        assert await asyncio.to_thread(main, ["pause", "--device", "phone"], environment) == 2
    assert "phone: must be IP addresses, like" in capsys.readouterr().err


@pytest.mark.anyio
async def test_it_says_why_it_does_not_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    assert await asyncio.to_thread(main, ["pause"], environment) == 2
    assert IS_RUNNING in capsys.readouterr().err
    async with hearing(paths.control_socket(load(environment).settings), uids=()):
        assert await asyncio.to_thread(main, ["pause"], environment) == 2
    assert "only root and the user of the setup page may" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "0", "0s", "25h", "86401s", "10 m", "m", "1d", "1.5h", "٣m"])
def test_other_times_are_refused(text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["pause", text], {"HOMEDOT_RUN_DIR": str(tmp_path)}) == 2
    assert "pause: must be a time up to 24h, like 10m, 90s or 2h" in capsys.readouterr().err
