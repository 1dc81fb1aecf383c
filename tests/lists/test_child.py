"""A child with limits: it does its work, fails, takes too long or too much, or is told to end."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from app.errors import ListError
from app.lists import child

DEADLINE_S = 60.0
WAITED_FOR = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}


@pytest.fixture(autouse=True)
def blocked() -> Iterator[None]:
    """The signals that the child's parent waits for."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR)
    yield
    while signal.sigtimedwait(WAITED_FOR, 0):
        pass
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_what_a_child_prints_comes_back() -> None:
    assert child.ask(python("print(input().upper())"), b"question\n", DEADLINE_S) == b"QUESTION\n"


def test_a_child_that_fails_is_told() -> None:
    with pytest.raises(ListError, match="ended with 3"):
        child.ask(python("import sys; sys.stdin.read(); sys.exit(3)"), b"", DEADLINE_S)


def test_a_child_that_was_killed_is_told() -> None:
    with pytest.raises(ListError, match="was killed: is the machine out of memory"):
        child.ask(python("import os; input(); os.kill(os.getpid(), 9)"), b"\n", DEADLINE_S)


def test_a_child_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    code = f"import os, time; open({str(noted)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    begun_s = monotonic()
    with pytest.raises(ListError, match="took longer than 1 s"):
        child.ask(python(code), b"", 1.0)
    assert monotonic() - begun_s < 30
    assert not noted.exists() or not Path(f"/proc/{noted.read_text()}").exists()


def test_the_child_is_gone_when_we_are_told_to_end(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    os.mkfifo(noted)
    code = f"import os, time; open({str(noted)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    pids: list[str] = []

    def end_us() -> None:
        pids.append(noted.read_text())  # waits for the child
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=end_us)
    thread.start()
    with pytest.raises(SystemExit) as left:
        child.ask(python(code), b"", DEADLINE_S)
    thread.join()
    assert left.value.code == 0
    assert not Path(f"/proc/{pids[0]}").exists()


def test_a_child_that_ends_before_it_was_asked_is_told() -> None:
    with pytest.raises(ListError, match="ended"):
        child.ask(python("import os; os.close(0); raise SystemExit(4)"), b"x" * 1_000_000, DEADLINE_S)


def test_a_child_keeps_the_descriptors_that_it_shall() -> None:
    reading, writing = os.pipe()
    try:
        child.ask(python(f"import os; os.write({writing}, b'kept')"), b"", DEADLINE_S, (writing,))
        assert os.read(reading, 10) == b"kept"
    finally:
        os.close(reading)
        os.close(writing)


def test_limits_are_small_memory_small_priority_and_no_core() -> None:
    code = (
        "import os, resource, signal\n"
        "from app.lists.child import limit_ourselves\n"
        "limit_ourselves()\n"
        "print(os.nice(0), resource.getrlimit(resource.RLIMIT_CORE)[0], len(signal.pthread_sigmask(0, [])))\n"
        "try:\n"
        "    bytearray(1 << 30)\n"
        "except MemoryError:\n"
        "    print('no more')\n"
    )
    assert child.ask(python(code), b"", DEADLINE_S) == b"10 0 0\nno more\n"
