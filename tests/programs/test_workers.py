"""Processes that are forked, watched and started anew one at a time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.appliance import CHECKOUT

PROGRAM = """
import asyncio, os, sys
from app.programs.workers import Crew

say = lambda *words: os.write(1, " ".join(map(str, words)).encode() + b"\\n")  # whole lines, whoever else writes

async def work(worker):
    stopping = worker.watch(lambda: say("hang up", worker.number))
    say("ready", worker.number, os.getpid())
    await stopping.wait()

crew = Crew(
    3,
    lost=lambda number: say("lost", number),
    rests=lambda number: say("rests", number),
    stopping=lambda: say("stopping"),
)
worker = crew.begin()
if str(worker.number) == sys.argv[1]:
    say("ends", worker.number)
    os._exit(int(sys.argv[2]))
asyncio.run(work(worker))
"""


@pytest.fixture
def process(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Three workers, of which the one whose number is the first parameter ends at once with the code of the second."""
    gone = map(str, getattr(request, "param", (-1, 0)))
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *gone], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=CHECKOUT
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
    assert process.pid not in pids.values()
    process.terminate()
    assert process.wait(20) == 0
    assert process.stdout is not None
    assert process.stdout.read() == "stopping\n"  # and its end: nobody holds the other end any more


@pytest.mark.parametrize("number", range(3))
def test_one_that_is_killed_is_started_anew_and_the_others_go_on(process: subprocess.Popen[str], number: int) -> None:
    before = ready(process)
    os.kill(before[number], signal.SIGKILL)
    assert process.stdout is not None
    assert process.stdout.readline() == f"lost {number}\n"
    (anew,) = ready(process, 1).items()
    assert anew[0] == number
    assert anew[1] != before[number]
    for pid in (set(before.values()) - {before[number]}) | {process.pid}:
        os.kill(pid, 0)


@pytest.mark.parametrize("process", [(1, 3)], indirect=True)
def test_one_that_ends_again_and_again_is_started_less_and_less_often(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    ends_s = []
    for line in process.stdout:
        if line == "ends 1\n":
            ends_s.append(time.monotonic())
        if len(ends_s) == 4:
            break
    pauses_s = [later - earlier for earlier, later in pairwise(ends_s)]
    assert all(pause_s >= least_s for pause_s, least_s in zip(pauses_s, (0.25, 0.5, 1.0), strict=True))


@pytest.mark.parametrize("process", [(1, 0), (2, 0)], indirect=True)
def test_one_that_ends_well_has_all_begin_anew(process: subprocess.Popen[str]) -> None:
    assert process.wait(20) == 0


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
