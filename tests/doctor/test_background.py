"""The doctor in the background: seldom, one at a time, and never for longer than agreed."""

import asyncio
import sys
from pathlib import Path

import pytest

from app.doctor.background import Checkup, Report, examine_apart
from app.errors import OperatorError
from tests.fakes.clock import Clock

pytestmark = pytest.mark.anyio


class Doctor:
    """Makes a report when it is let."""

    def __init__(self) -> None:
        self.begun = 0
        self.let = asyncio.Event()
        self.fault = ""

    async def examine(self) -> Report:
        self.begun += 1
        number = self.begun
        await self.let.wait()
        if self.fault:
            raise OperatorError(self.fault)
        return {"number": number}


def always() -> bool:
    return True


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_first_look_begins_a_report_and_waits_for_nothing() -> None:
    doctor, clock = Doctor(), Clock()
    checkup = Checkup(doctor.examine, clock)
    assert checkup.latest(always) is None
    doctor.let.set()
    await settle()
    assert checkup.latest(always) == {"number": 1}


async def test_many_looks_make_one_report() -> None:
    doctor, clock = Doctor(), Clock()
    checkup = Checkup(doctor.examine, clock)
    for _ in range(1000):
        checkup.latest(always)
    await settle()
    clock.now_s += 1000
    checkup.latest(always)  # the first one is not done yet
    await settle()
    assert doctor.begun == 1
    doctor.let.set()
    await settle()


async def test_who_may_not_begin_a_report_sees_the_last_one() -> None:
    doctor, clock = Doctor(), Clock()
    checkup = Checkup(doctor.examine, clock)
    assert checkup.latest(lambda: False) is None
    await settle()
    assert doctor.begun == 0
    doctor.let.set()
    checkup.latest(always)
    await settle()
    clock.now_s += 31
    assert checkup.latest(lambda: False) == {"number": 1}
    await settle()
    assert doctor.begun == 1


async def test_nobody_is_asked_whether_a_report_may_begin_before_it_is_time() -> None:
    doctor, clock = Doctor(), Clock()
    checkup = Checkup(doctor.examine, clock)
    answers = [True]
    for _ in range(3):
        checkup.latest(answers.pop)
    doctor.let.set()
    await settle()
    assert answers == []


async def test_a_report_is_kept_for_half_a_minute_and_shown_while_the_next_is_made() -> None:
    doctor, clock = Doctor(), Clock()
    checkup = Checkup(doctor.examine, clock)
    checkup.latest(always)
    doctor.let.set()
    await settle()
    clock.now_s += 29.9
    assert checkup.latest(always) == {"number": 1}
    await settle()
    assert doctor.begun == 1
    clock.now_s += 0.2
    assert checkup.latest(always) == {"number": 1}
    await settle()
    assert checkup.latest(always) == {"number": 2}


async def test_a_report_that_cannot_be_made_is_told_and_tried_again() -> None:
    doctor, clock = Doctor(), Clock()
    checkup = Checkup(doctor.examine, clock)
    doctor.fault = "out of order"
    doctor.let.set()
    checkup.latest(always)
    await settle()
    assert checkup.latest(always) == "out of order"
    doctor.fault = ""
    clock.now_s += 31
    checkup.latest(always)
    await settle()
    assert checkup.latest(always) == {"number": 2}


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


@pytest.mark.parametrize("code", [0, 1])
async def test_takes_the_report_of_a_process(code: int) -> None:
    assert await examine_apart(python(f"print('{{\"schema\": 1}}'); raise SystemExit({code})")) == {"schema": 1}


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        ("raise SystemExit('start it first')", "the doctor made no report: start it first"),
        ("raise SystemExit(3)", "the doctor made no report: exit code 3"),
        ("print('[]')", "no JSON object"),
    ],
)
async def test_says_why_a_process_made_no_report(program: str, fault: str) -> None:
    with pytest.raises(OperatorError, match=fault):
        await examine_apart(python(program))


async def test_says_that_a_process_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot be started: No such file"):
        await examine_apart([str(tmp_path / "absent")])


async def test_ends_a_process_that_is_not_done_in_time() -> None:
    async with asyncio.timeout(30):
        with pytest.raises(OperatorError, match=r"not done within 0\.2 s"):
            await examine_apart(python("import time; time.sleep(600)"), deadline_s=0.2)


async def test_ends_the_process_when_it_is_cancelled(tmp_path: Path) -> None:
    """As when the page is stopped: nothing is left behind."""
    pipe = tmp_path / "pipe"
    pipe_path = str(pipe)
    program = f"import os, time; open({pipe_path!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    task = asyncio.create_task(examine_apart(python(program)))
    while not (pipe.exists() and pipe.read_text()):
        await asyncio.sleep(0.01)  # until it runs there is nothing to wait on
    task.cancel()
    async with asyncio.timeout(30):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not Path(f"/proc/{pipe.read_text()}").exists()
