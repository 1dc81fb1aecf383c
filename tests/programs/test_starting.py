"""Which program a word starts, and that its process holds nothing costly of others."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import SettingsError
from app.programs.starting import PROGRAMS, start

COSTLY = {"argparse", "ctypes", "difflib", "hashlib", "ifaddr", "shutil", "ssl", "tempfile", "yaml"}


@pytest.mark.parametrize(
    ("program", "needed"),
    [("front", {"hashlib", "ssl"}), ("upkeep", set()), ("lists", set())],
)
def test_a_program_that_stays_for_months_keeps_nothing_costly_in_memory(program: str, needed: set[str]) -> None:
    code = (
        "import sys\n"
        "from app.programs import starting\n"
        "starting.handing.wanted({})\n"
        f"import app.programs.{program}\n"
        f"print(*set(sys.modules) & {COSTLY})\n"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert set(loaded.split()) <= needed


@pytest.mark.parametrize("words", [[], ["status"], ["paths"]])
def test_what_is_no_program_is_not_started(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert start(words, {}) == 2
    assert all(program in capsys.readouterr().err for program in PROGRAMS[:1])


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_the_operator_must_mend_is_told_in_the_form_of_the_log_with_exit_code_2(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], form: str
) -> None:
    settings = {"HOMEDOT_DATA_DIR": str(tmp_path / "data"), "HOMEDOT_LOG__FORMAT": form}
    assert start(["bootstrap"], {**settings, "HOMEDOT_ADDRESSES": "192.168.1.10", "HOMEDOT_RUN_DIR": "/proc/none"}) == 2
    first, *faults = capfd.readouterr().err.splitlines()
    assert "1 error:" in first
    assert "/proc/none" in faults[0]
    for line in (first, *faults):
        assert line.startswith("{") == (form == "json")
        assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line)


def test_settings_that_cannot_be_read_are_told_in_the_form_that_is_the_default(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert start(["bootstrap"], {"HOMEDOT_DATA_DIR": str(tmp_path), "HOMEDOT_WEB__PORT": "x"}) == 2
    heading = SettingsError("").heading
    assert re.search(rf"error   homedot: {heading}:\n\S+ error   homedot:   web.port: ", capfd.readouterr().err)
    assert not list(tmp_path.iterdir())


def test_habits_of_other_images_are_told_with_what_does_it_here(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"HOMEDOT_DATA_DIR": str(tmp_path / "data"), "HOMEDOT_RUN_DIR": str(tmp_path / "run")}
    settings |= {"HOMEDOT_ADDRESSES": "192.168.1.10", "HOMEDOT_RESOLVER__MODE": "recursive"}
    assert start(["bootstrap"], settings | {"PUID": "1000", "PGID": "1000"}) == 0
    (told,) = [message for message in caplog.messages if "PUID" in message]
    assert told.startswith("PUID and PGID do nothing here: programs run as users of the container's own")
    caplog.clear()
    assert start(["bootstrap"], settings | {"PUID": ""}) == 0
    assert "PUID" not in caplog.text
