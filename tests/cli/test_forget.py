"""`homedot forget`, spoken to a front door that hears it."""

import asyncio
from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.load import load
from app.programs import paths
from tests.fakes.frontdoor import hearing


@pytest.mark.anyio
async def test_what_was_set_is_forgotten_and_what_was_not_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    async with hearing(paths.control_socket(load(environment).settings)) as heard:
        for argv, code in ((["allow", "a.example"], 0), (["forget", "a.example"], 0), (["forget", "a.example"], 2)):
            assert await asyncio.to_thread(main, argv, environment) == code
        assert heard.owner.will.names("allow") == []
    assert "a.example: was neither allowed nor denied" in capsys.readouterr().err
