"""`homedot pause`, spoken to a front door that hears it."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answer.pause import MOST_S
from app.cli.commands import main
from app.cli.pause import duration_s
from app.config.load import load
from app.programs import control_server, paths
from app.programs.paths import IS_RUNNING
from tests.fakes.frontdoor import hearing


@pytest.mark.anyio
async def test_the_front_door_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_server, "LOOK_S", 0)  # no worker has to look first
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    async with hearing(paths.control_socket(load(environment).settings)) as heard:
        for arguments, left_s in ((["pause"], 600), (["pause", "90s"], 90)):
            assert await asyncio.to_thread(main, arguments, environment) == 0
            assert heard.pause.left_s == left_s
    assert capsys.readouterr().out.splitlines()[-1].startswith("blocking is paused for 90 s")


@pytest.mark.anyio
async def test_it_says_why_it_does_not_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    assert await asyncio.to_thread(main, ["pause"], environment) == 2
    assert IS_RUNNING in capsys.readouterr().err
    async with hearing(paths.control_socket(load(environment).settings), uids=()):
        assert await asyncio.to_thread(main, ["pause"], environment) == 2
    assert "only root and the user of the setup page may" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "seconds"), [("10m", 600), ("10", 600), ("90s", 90), ("2h", 7200), ("24h", MOST_S), ("1s", 1)]
)
def test_a_time_has_a_unit_and_minutes_are_meant_without(text: str, seconds: int) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "25h", "86401s", "10 m", "m", "-1", "1d", "1.5h", "٣m"])
def test_other_times_are_refused(text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    if text == "-1":  # the command line takes it for an option
        with pytest.raises(ValueError, match="must be a time up to 24h"):
            duration_s(text)
        return
    assert main(["pause", text], {"HOMEDOT_RUN_DIR": str(tmp_path)}) == 2
    assert "pause: must be a time up to 24h, like 10m, 90s or 2h" in capsys.readouterr().err


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        assert 1 <= duration_s(text) <= MOST_S
    except ValueError:
        return
