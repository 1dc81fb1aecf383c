"""`homedot resume`, spoken to a front door that hears it."""

import asyncio
from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.load import load
from app.programs import paths
from tests.fakes.frontdoor import hearing


@pytest.mark.anyio
async def test_a_pause_is_over_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    async with hearing(paths.control_socket(load(environment).settings)) as heard:
        for argv in (["pause"], ["pause", "--device", "192.168.1.7"], ["resume"]):
            assert await asyncio.to_thread(main, argv, environment) == 0
        assert (heard.pause.left_s, heard.pause.devices) == (0, frozenset())
        assert capsys.readouterr().out.endswith(
            "blocking is in force again for all devices\nblocking is in force again for 192.168.1.7\n"
        )
        assert await asyncio.to_thread(main, ["resume"], environment) == 0
    assert capsys.readouterr().out == "nobody's blocking is paused\n"


@pytest.mark.anyio
async def test_that_of_one_device_alone_can_be_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    async with hearing(paths.control_socket(load(environment).settings)) as heard:
        for argv in (["pause"], ["pause", "--device", "192.168.1.7"], ["resume", "--device", "192.168.1.7"]):
            assert await asyncio.to_thread(main, argv, environment) == 0
        assert (heard.pause.left_s, heard.pause.devices) == (600, frozenset())
        assert await asyncio.to_thread(main, ["resume", "--device", "192.168.1.7"], environment) == 2
    assert "192.168.1.7: has no pause of its own; the pause for all is another" in capsys.readouterr().err
