"""`homedot undo`, spoken to a front door that hears it."""

import asyncio
from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.load import load
from app.programs import paths
from tests.fakes.frontdoor import hearing


@pytest.mark.anyio
async def test_the_last_change_is_undone_or_the_one_of_that_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    async with hearing(paths.control_socket(load(environment).settings)) as heard:
        for name in "abc":
            assert await asyncio.to_thread(main, ["deny", f"{name}.example"], environment) == 0
        assert await asyncio.to_thread(main, ["undo"], environment) == 0
        assert heard.owner.will.names("deny") == ["a.example", "b.example"]
        assert await asyncio.to_thread(main, ["undo", "1"], environment) == 0
        assert heard.owner.will.names("deny") == ["b.example"]
        assert await asyncio.to_thread(main, ["undo", "1"], environment) == 2
    assert "change 1 was undone already" in capsys.readouterr().err
