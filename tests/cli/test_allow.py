"""`homedot allow`, spoken to a front door that hears it."""

import asyncio
from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.load import load
from app.programs import paths
from tests.fakes.frontdoor import hearing


@pytest.mark.anyio
async def test_a_name_is_set_and_taken_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    async with hearing(paths.control_socket(load(environment).settings)) as heard:
        assert await asyncio.to_thread(main, ["allow", "shop.example"], environment) == 0
        assert heard.owner.will.names("allow") == ["shop.example"]
        assert await asyncio.to_thread(main, ["allow", "--remove", "shop.example"], environment) == 0
        assert heard.owner.will.names("allow") == []
    assert capsys.readouterr().out.endswith("shop.example is neither allowed nor denied by you any more\n")
