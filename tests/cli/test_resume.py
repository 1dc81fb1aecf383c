"""`homedot resume`, spoken to a front door that hears it."""

import asyncio
from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.load import load
from app.programs import control_server, paths
from tests.fakes.frontdoor import hearing


@pytest.mark.anyio
async def test_a_pause_is_over_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_server, "LOOK_S", 0)  # no worker has to look first
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    async with hearing(paths.control_socket(load(environment).settings)) as heard:
        heard.pause.begin(600)
        assert await asyncio.to_thread(main, ["resume"], environment) == 0
        assert heard.pause.left_s == 0
    assert capsys.readouterr().out == "blocking is in force\n"
