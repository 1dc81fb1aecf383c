import os
import time
from pathlib import Path

import pytest

from app.programs import certifying
from app.programs.certifying import Certifying

DEADLINE_S = 20.0


def outcome_of(*command: str) -> dict[str, object]:
    child = Certifying({"name": "a"}, command)
    end_s = time.monotonic() + DEADLINE_S
    while (outcome := child.outcome()) is None:
        assert time.monotonic() < end_s
        time.sleep(0.01)  # upkeep looks every minute
    return outcome


def test_what_is_asked_comes_in_and_what_is_told_comes_back() -> None:
    assert outcome_of("cat") == {"name": "a"}


def test_nobody_waits_for_it(tmp_path: Path) -> None:
    child = Certifying({}, ("sh", "-c", f"while [ ! -e {tmp_path}/go ]; do sleep 0.01; done; echo '{{}}'"))
    assert child.outcome() is None
    (tmp_path / "go").touch()
    end_s = time.monotonic() + DEADLINE_S
    while (outcome := child.outcome()) is None:
        assert time.monotonic() < end_s
        time.sleep(0.01)  # as above
    assert outcome == {}


@pytest.mark.parametrize("command", [("false",), ("true",), ("echo", "junk"), ("echo", "[]")])
def test_one_that_fails_or_talks_nonsense_is_a_fault(command: tuple[str, ...]) -> None:
    assert str(outcome_of(*command)["fault"]).startswith("the program that asks for it ended with ")


def test_one_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certifying, "DEADLINE_S", 0.0)
    assert "ended with -9" in str(outcome_of("sleep", "600")["fault"])


def test_it_has_no_environment_of_ours_and_no_file_open_but_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEDOT_PUBLIC__TOKEN", "s3cret")
    script = "import os, json; print(json.dumps({'env': sorted(os.environ), 'fds': os.listdir('/proc/self/fd')}))"
    with Path(os.devnull).open() as somebodys:
        os.set_inheritable(somebodys.fileno(), True)
        told = outcome_of("/usr/bin/python3", "-c", script)
    assert set(told["env"]) <= {"PATH", "LANG", "LC_CTYPE"}  # type: ignore[call-overload]
    assert sorted(told["fds"]) == ["0", "1", "2", "3"]  # type: ignore[call-overload]


def test_a_long_job_waits_for_nobody_to_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe holds 64 kB; this is more, and nobody reads it."""
    child = Certifying({"roots": "x" * 3_000_000}, ("sleep", "600"))
    assert child.outcome() is None
    monkeypatch.setattr(certifying, "since_boot_s", lambda: float("inf"))
    assert child.outcome() is not None
