import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

from app.host.event_listener import listen


def event(name: str, payload: bytes) -> bytes:
    header = f"ver:3.0 server:s serial:1 pool:upkeep poolserial:1 eventname:{name} len:{len(payload)}\n"
    return header.encode() + payload


def test_does_its_job_at_every_tick_and_answers_every_event() -> None:
    stdin = BytesIO(event("TICK_60", b"when:1") + event("PROCESS_STATE_EXITED", b"x") + event("TICK_5", b"when:2"))
    stdout = BytesIO()
    ticks: list[str] = []
    listen(stdin, stdout, ticks.append)
    assert ticks == ["TICK_60", "TICK_5"]
    assert stdout.getvalue() == b"READY\nRESULT 2\nOK" * 3 + b"READY\n"


def run(program: str) -> subprocess.CompletedProcess[str]:
    """A program of its own: pytest has threads, and a process with threads must not fork."""
    preamble = "import logging, os, sys, time\nfrom app.host.event_listener import in_child\n"
    preamble += "logging.basicConfig(format='%(message)s')\n"
    command = [sys.executable, "-P", "-c", preamble + program]
    checkout = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=checkout)


def test_a_job_in_a_child_returns_its_result_and_leaves_its_imports_behind() -> None:
    job = "lambda: [__import__('xmlrpc.client') is not None]"
    done = run(f"print(in_child('job', {job}, 30), 'xmlrpc' in sys.modules)")
    assert done.stdout == "[True] False\n", done.stderr


def test_a_child_can_return_much() -> None:
    assert run("print(len(in_child('job', lambda: 'x' * 300_000, 30)))").stdout == "300000\n"


def test_what_a_child_prints_does_not_disturb_the_protocol() -> None:
    done = run("print(in_child('job', lambda: os.write(1, b'stray'), 30))")
    assert done.stdout == "5\n"
    assert done.stderr == "stray"


def test_a_child_that_fails_leaves_its_reason_in_the_log() -> None:
    done = run("print(in_child('job', lambda: 1 / 0, 30))")
    assert done.stdout == "None\n"
    assert "ZeroDivisionError" in done.stderr


def test_a_child_that_hangs_is_given_up() -> None:
    done = run("print(in_child('job', lambda: time.sleep(600), 1))")
    assert done.stdout == "None\n"
    assert done.stderr == "job did not finish within 1 s; trying again in a minute\n"


def test_a_child_that_is_killed_is_told() -> None:
    done = run("print(in_child('job', lambda: os.kill(os.getpid(), 9), 30))")
    assert done.stdout == "None\n"
    assert done.stderr == "job was killed by SIGKILL; trying again in a minute\n"


def test_no_child_is_left_over() -> None:
    wait = "\ntry:\n  os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError: print('none')"
    done = run("in_child('job', lambda: 1, 30)" + wait)
    assert done.stdout == "none\n"
