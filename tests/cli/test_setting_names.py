"""What `homedot allow`, `deny` and `forget` have in common: the running front door does it, or says why not."""

import asyncio
from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.load import load
from app.programs import paths
from app.programs.paths import IS_RUNNING
from tests.fakes.frontdoor import hearing

pytestmark = pytest.mark.anyio


async def test_all_names_are_set_at_once_or_none_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    async with hearing(paths.control_socket(load(environment).settings)) as heard:
        assert await asyncio.to_thread(main, ["deny", "a.example", "B.example"], environment) == 0
        said = [f"{name}.example is blocked, with everything below it" for name in "ab"]
        assert capsys.readouterr().out.splitlines() == said
        assert await asyncio.to_thread(main, ["deny", "c.example", "*.d.example"], environment) == 2
        assert "*.d.example: must be names without *. before them" in capsys.readouterr().err
        assert heard.owner.will.names("deny") == ["a.example", "b.example"]
        assert heard.owner.will.changes[-1].by == "homedot deny"
        names = [f"n{number}.{'x' * 60}.{'y' * 60}.{'z' * 60}.{'v' * 50}.example" for number in range(100)]
        assert await asyncio.to_thread(main, ["deny", *names], environment) == 2
        assert "deny: that is too much at once" in capsys.readouterr().err


async def test_a_box_that_does_not_run_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await asyncio.to_thread(main, ["allow", "a.example"], {"HOMEDOT_RUN_DIR": str(tmp_path)}) == 2
    assert IS_RUNNING in capsys.readouterr().err


async def test_a_command_without_a_name_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["allow"], {})
    assert "NAME" in capsys.readouterr().err
