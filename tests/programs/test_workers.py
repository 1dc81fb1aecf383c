"""Processes that are forked, watched and ended together."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.appliance import CHECKOUT

PROGRAM = """
import asyncio, os, sys
from app.programs.workers import Workers

async def work(crew):
    say = lambda *words: os.write(1, " ".join(map(str, words)).encode() + b"\\n")  # whole lines, whoever else writes
    stopping = crew.watch(lambda: say("hang up", crew.number))
    say("ready", crew.number, os.getpid())
    await stopping.wait()
    crew.end()
    return crew.exit_code

crew = Workers(3)
if crew.number == int(sys.argv[1]):
    os._exit(0)
sys.exit(asyncio.run(work(crew)))
"""


@pytest.fixture
def process(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Three workers, of which the one whose number is the parameter ends at once."""
    gone = str(getattr(request, "param", -1))
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, gone], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=CHECKOUT
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def ready(process: subprocess.Popen[str], count: int = 3) -> dict[int, int]:
    """The ids of the workers by number."""
    assert process.stdout is not None
    lines = [process.stdout.readline().split() for _ in range(count)]
    return {int(number): int(pid) for _, number, pid in lines}


def test_sigterm_to_the_first_ends_all(process: subprocess.Popen[str]) -> None:
    pids = ready(process)
    assert pids[0] == process.pid
    process.terminate()
    assert process.wait(20) == 0
    assert process.stdout is not None
    assert process.stdout.read() == ""  # its end: nobody holds the other end any more


def test_one_that_ends_takes_the_others_along(process: subprocess.Popen[str]) -> None:
    os.kill(ready(process)[2], signal.SIGKILL)
    assert process.wait(20) == 1


@pytest.mark.parametrize("process", [1, 2], indirect=True)
def test_one_that_ends_before_anybody_watches_is_missed_too(process: subprocess.Popen[str]) -> None:
    assert process.wait(20) == 1


def test_without_the_first_the_others_end(process: subprocess.Popen[str]) -> None:
    ready(process)
    process.kill()
    assert process.stdout is not None
    assert process.stdout.read() == ""


def test_all_hang_up_together(process: subprocess.Popen[str]) -> None:
    ready(process)
    process.send_signal(signal.SIGHUP)
    assert process.stdout is not None
    assert {process.stdout.readline() for _ in range(3)} == {f"hang up {number}\n" for number in range(3)}
