"""A child with limits: it does its job, fails, takes too long or too much, or is told to end."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.errors import ListBusyError, ListError, ListSizeError
from app.lists import child
from app.lists.child import Child
from app.lists.contract import Job, Outcome

DEADLINE_S = 60.0
JOB = Job("https://lists.example/a.txt", "/data/lists", 7, '"1"', "now")


def started(work: str, deadline_s: float = DEADLINE_S, kept: tuple[int, ...] = (), job: Job = JOB) -> Child:
    """A child that calls `do` with this body of a function of `job`."""
    body = "\n".join(f"    {line}" for line in work.splitlines())
    imports = "import os, time\nfrom app.lists import child\nfrom app.lists.contract import Outcome"
    return Child([sys.executable, "-c", f"{imports}\ndef work(job):\n{body}\nchild.do(work)"], job, deadline_s, kept)


def outcome(of: Child) -> Outcome:
    deadline = time.monotonic() + DEADLINE_S
    while (done := of.outcome()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)  # in the program there is SIGCHLD, which belongs to the whole process
    return done


def gone(pid: str) -> bool:
    return not Path(f"/proc/{pid}").exists()


@pytest.fixture
def noted(tmp_path: Path) -> Path:
    """A pipe with a name, into which a child writes its number: reading it waits for that."""
    path = tmp_path / "pid"
    os.mkfifo(path)
    return path


def sleeping(noted: Path) -> str:
    return f"open({str(noted)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"


def test_a_child_gets_its_job_and_its_outcome_comes_back() -> None:
    work = "return Outcome(True, repr(job), 1, 2, 3, 4, ('x',), job.etag, job.last_modified)"
    assert outcome(started(work)) == Outcome(True, repr(JOB), 1, 2, 3, 4, ("x",), '"1"', "now")


def test_a_child_at_work_has_no_outcome_yet(noted: Path) -> None:
    one = started(sleeping(noted))
    try:
        noted.read_text()
        assert one.outcome() is None
    finally:
        one.end()


def test_a_fault_of_the_list_comes_back_in_its_words() -> None:
    with pytest.raises(ListError, match=r"^the server answers 404$") as told:
        outcome(started("raise child.ListError('the server answers 404')"))
    assert type(told.value) is ListError


def test_a_fault_of_the_size_comes_back_as_one() -> None:
    with pytest.raises(ListSizeError, match=r"^is empty$"):
        outcome(started("from app.errors import ListSizeError\nraise ListSizeError('is empty')"))


def test_what_a_server_may_say_in_a_fault_is_short_and_harmless() -> None:
    with pytest.raises(ListError) as told:
        outcome(started("raise child.ListError('leads to \\x1b[2J\\n' + 'x' * 100_000)"))
    assert str(told.value).startswith("leads to ")
    assert str(told.value).isprintable()
    assert len(str(told.value)) <= 300


@pytest.mark.parametrize(
    ("work", "fault"),
    [
        ("os._exit(3)", "ended with 3: see its lines above"),
        ("os.kill(os.getpid(), 9)", "was killed: is the machine out of memory"),
        ("bytearray(1 << 30)", "does not fit into 384 MB while it is compiled"),
    ],
)
def test_a_child_that_fails_is_told(work: str, fault: str) -> None:
    with pytest.raises(ListError, match=fault):
        outcome(started(work))


def test_a_child_that_is_gone_before_it_has_its_job_is_told() -> None:
    ended = Child([sys.executable, "-c", "import os; os.close(0); os._exit(4)"], Job("x" * 1_000_000, ""), DEADLINE_S)
    with pytest.raises(ListError, match="ended with 4"):
        outcome(ended)


def test_a_child_that_cannot_be_started_is_told() -> None:
    with pytest.raises(ListError, match="cannot be started: No such file or directory"):
        Child(["/no/such/program"], JOB, DEADLINE_S)


def test_a_child_that_takes_too_long_is_ended(noted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = started(sleeping(noted))
    pid = noted.read_text()
    passed = time.monotonic() + DEADLINE_S
    monkeypatch.setattr(child, "monotonic", lambda: passed)
    with pytest.raises(ListError, match="took longer than 60 s"):
        one.outcome()
    assert gone(pid)


@pytest.mark.parametrize("moment", ["at work", "done"])
def test_a_child_that_is_ended_is_gone(noted: Path, moment: str) -> None:
    one = started(sleeping(noted))
    pid = noted.read_text()
    if moment == "done":
        os.kill(int(pid), 9)
    one.end()
    assert gone(pid)


def test_a_child_keeps_the_descriptors_that_it_shall() -> None:
    reading, writing = os.pipe()
    try:
        outcome(started(f"os.write({writing}, b'kept')\nreturn Outcome(False)", kept=(writing,)))
        assert os.read(reading, 10) == b"kept"
    finally:
        os.close(reading)
        os.close(writing)


def test_limits_are_small_memory_small_priority_and_no_core() -> None:
    work = (
        "import resource, signal\n"
        "limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_CORE)]\n"
        "return Outcome(False, repr((os.nice(0), limits, signal.pthread_sigmask(signal.SIG_BLOCK, []))))"
    )
    lowered = min(os.nice(0) + 10, 19)  # the tests themselves may have a low priority
    assert outcome(started(work)).title == repr((lowered, [384 << 20, 0], set()))


def test_limits_that_are_lower_already_stay() -> None:
    """A user who may not raise them had a traceback."""
    code = (
        "import resource\nfrom app.lists.child import limit_ourselves\n"
        "resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))\nlimit_ourselves()\n"
        "print(resource.getrlimit(resource.RLIMIT_AS))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == f"{(300 << 20, 300 << 20)}\n"


def test_it_goes_first_when_memory_is_short() -> None:
    assert outcome(started("return Outcome(False, open('/proc/self/oom_score_adj').read())")).title == "1000\n"


def test_a_list_that_takes_too_much_processor_time_is_ended() -> None:
    work = "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, resource.getrlimit(resource.RLIMIT_CPU)[1]))"
    with pytest.raises(ListError, match="takes more than 240 s of processor time"):
        outcome(started(f"{work}\nwhile True: pass"))


def test_the_processor_time_of_a_child_is_limited() -> None:
    work = "import resource\nreturn Outcome(False, repr(resource.getrlimit(resource.RLIMIT_CPU)))"
    assert outcome(started(work)).title == "(240, 241)"


def test_what_a_server_wants_is_told_too() -> None:
    with pytest.raises(ListBusyError, match="busy") as told:
        outcome(started("from app.errors import ListBusyError\nraise ListBusyError('busy', 77.0)"))
    assert told.value.retry_after_s == 77.0
