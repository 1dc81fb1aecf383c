"""`homedot changes`, spoken to a front door that hears it."""

import asyncio
import json
from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.load import load
from app.owner.length import moment
from app.programs import paths
from tests.fakes.frontdoor import NOW_S, hearing


@pytest.mark.anyio
async def test_what_is_set_and_what_was_changed_is_shown_for_people_and_for_scripts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment, when = {"HOMEDOT_RUN_DIR": str(tmp_path)}, moment(NOW_S)
    async with hearing(paths.control_socket(load(environment).settings)):
        assert await asyncio.to_thread(main, ["changes"], environment) == 0
        assert capsys.readouterr().out.startswith("nothing was changed yet\nlists:\n  wildcard:https://")
        assert await asyncio.to_thread(main, ["changes"], environment) == 0
        assert capsys.readouterr().out.endswith("pro-onlydomains.txt: block, unless a setting or you say otherwise\n")
        for argv in (["deny", "a.example"], ["allow", "b.example"], ["undo"], ["pause", "1h"]):
            assert await asyncio.to_thread(main, argv, environment) == 0
        capsys.readouterr()
        assert await asyncio.to_thread(main, ["changes"], environment) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[:6] == [
            "the last changes:",
            f"  3  {when} by homedot pause: blocking is paused for all devices until {moment(NOW_S + 3600)}",
            f"  2  {when} by homedot allow: b.example is allowed, with everything below it"
            f" (undone {when} by homedot undo)",
            f"  1  {when} by homedot deny: a.example is blocked, with everything below it",
            "names:",
            f"  a.example: deny, set {when} by homedot deny",
        ]
        assert lines[-2:] == ["pauses:", f"  all: {moment(NOW_S + 3600)}, set {when} by homedot pause"]
        assert await asyncio.to_thread(main, ["changes", "--json"], environment) == 0
        told = json.loads(capsys.readouterr().out)
        assert [change["number"] for change in told["changes"]] == [3, 2, 1]
        assert told["names"][0] == {
            "of": "a.example", "value": "deny", "set_in": None, "at": when, "at_s": int(NOW_S), "by": "homedot deny",
        }  # fmt: skip
