import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.appliance import CHECKOUT, clean

SETTLE = "import sys; from app.programs.output import settle; sys.stdout.write('unfinished'); settle()"
SHOW = """
from app.config.settings import Log
from app.programs.output import log_to_output
log_to_output(Log(level={level!r}, format={form!r})).show("for people\\n" * 1000, "for machines")
"""
LOG = """
import logging, resource
from app.config.settings import Log
from app.programs.output import {to}
{to}(Log(level={level!r}, format="json"))
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
logging.error("there is no room")
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
logging.info("there is %s", *{arguments!r})
"""


def run(program: str, stdout: IO[bytes] | int, stderr: IO[bytes] | int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, stdout=stdout, stderr=stderr, env=clean({}), cwd=CHECKOUT, text=True, timeout=30, check=False
    )


def logged(path: Path, *arguments: str, to: str = "log_to_supervisor", level: str = "info") -> str:
    with path.open("ab") as file:
        done = run(LOG.format(to=to, level=level, arguments=arguments), file, file)
        assert done.returncode == 0
    return path.read_text()


def show(stdout: IO[bytes] | int, level: str = "info", form: str = "text") -> subprocess.CompletedProcess[str]:
    return run(SHOW.format(level=level, form=form), stdout, subprocess.PIPE)


def test_what_is_for_people_is_shown_to_people_and_machines_get_a_line() -> None:
    assert show(subprocess.PIPE).stdout == "for people\n" * 1000
    assert json.loads(show(subprocess.PIPE, form="json").stdout)["message"] == "for machines"


@pytest.mark.parametrize("form", ["text", "json"])
def test_who_wants_warnings_only_gets_neither(form: str) -> None:
    assert show(subprocess.PIPE, "warning", form).stdout == ""


@pytest.mark.parametrize("program", [SHOW.format(level="info", form="text"), SETTLE])
def test_what_a_full_disk_does_not_take_is_no_fault(program: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(program, full, subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_nobody_reads_any_more_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = show(writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_nobody_reads_at_all_holds_up_a_start_for_some_seconds_only() -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    done = show(writing)
    os.close(reading)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_log_that_had_no_room_for_a_line_goes_on_and_says_how_many_were_lost(tmp_path: Path) -> None:
    lost, some = logged(tmp_path / "log", "some").splitlines()
    assert lost == "<4>1 line of the log lost: nobody took them"
    assert some == "<6>there is some"


def test_without_a_supervisor_lines_have_the_form_that_the_settings_say(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in logged(tmp_path / "log", "some", to="log_to_output").splitlines()]
    assert [(line["level"], line["program"]) for line in lines] == [("warning", "homedot"), ("info", "homedot")]
    assert lines[1]["message"] == "there is some"


@pytest.mark.parametrize("to", ["log_to_supervisor", "log_to_output"])
def test_what_is_below_the_level_is_not_written(tmp_path: Path, to: str) -> None:
    assert logged(tmp_path / "log", "some", to=to, level="warning") == ""


def test_a_fault_of_ours_in_a_line_of_the_log_is_shown(tmp_path: Path) -> None:
    assert "Logging error" in logged(tmp_path / "log", "one", "too many")


@pytest.mark.parametrize("asking", [signal.SIGTERM, signal.SIGINT])
def test_a_program_that_is_asked_to_end_does_so_well_and_without_a_word(asking: signal.Signals) -> None:
    code = (
        "import signal\nfrom app.programs.output import end_well_when_asked\n"
        "end_well_when_asked()\nprint('ready', flush=True)\nsignal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(asking)
        assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 0
