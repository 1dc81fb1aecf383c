import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.appliance import CHECKOUT, clean

SAY = "from app.programs.output import say; say('x' * 10_000); say('more')"
SETTLE = "import sys; from app.programs.output import settle; sys.stdout.write('unfinished'); settle()"
LOG = """
import logging, resource
from app.programs.output import log_to_stderr
log_to_stderr("dot")
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
logging.info("there is no room")
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
logging.info("there is %s", *{arguments!r})
"""


def run(program: str, stdout: IO[bytes] | int, stderr: IO[bytes] | int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, stdout=stdout, stderr=stderr, env=clean({}), cwd=CHECKOUT, text=True, timeout=30, check=False
    )


def logged(path: Path, *arguments: str) -> str:
    with path.open("wb") as file:
        assert run(LOG.format(arguments=arguments), subprocess.PIPE, file).returncode == 0
    return path.read_text()


def test_what_can_be_printed_is_printed() -> None:
    assert run(SAY, subprocess.PIPE, subprocess.PIPE).stdout.endswith("xxx\nmore\n")


@pytest.mark.parametrize("program", [SAY, SETTLE])
def test_what_a_full_disk_does_not_take_is_no_fault(program: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(program, full, subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_nobody_reads_any_more_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run(SAY, writing, subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_log_that_had_no_room_for_a_line_goes_on_and_complains_of_nothing(tmp_path: Path) -> None:
    text = logged(tmp_path / "log", "some")
    assert text.endswith("dot: there is some\n")
    assert "error" not in text


def test_a_fault_of_ours_in_a_line_of_the_log_is_shown(tmp_path: Path) -> None:
    assert "Logging error" in logged(tmp_path / "log", "one", "too many")
