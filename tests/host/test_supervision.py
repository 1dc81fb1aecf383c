import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.errors import OperatorError
from app.host.supervision import KEEPS_FAILING, RENEWING, restart_unbound

pytestmark = pytest.mark.server

RUN = """
import sys
from pathlib import Path
from app.host.lossy_output import LossyOutput
from app.host.supervision import run
output = LossyOutput(1, lambda lost: f"lost {lost}\\n")
tell = lambda program, level, text: output.write(f"{program}: {text}\\n")
variables = {"WORD": "hello", "RUN_DIR": "/tmp"}
sys.exit(run(Path(sys.argv[1]), variables, tell, output.tell, lambda: tell("test", 0, "asked")))
"""

CONFIGURATION = """
[supervisord]
nodaemon=true
logfile=/dev/null
logfile_maxbytes=0
loglevel=warn
pidfile={folder}/pid

[program:one]
command={command}
startsecs=1
startretries=0
stdout_logfile=NONE
stdout_events_enabled=true
redirect_stderr=true
"""


def supervise(folder: Path, command: str) -> subprocess.Popen[str]:
    path = folder / "supervisord.conf"
    path.write_text(CONFIGURATION.format(folder=folder, command=command))
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_a_program_that_fails_ends_it_with_1_and_a_line_that_names_it(tmp_path: Path) -> None:
    with supervise(tmp_path, "false") as supervisor:
        output, _ = supervisor.communicate(timeout=30)
    assert supervisor.returncode == 1
    assert f"homedot: one {KEEPS_FAILING}." in output


def test_sigterm_ends_it_with_0_and_variables_reach_the_programs(tmp_path: Path) -> None:
    with supervise(tmp_path, "sh -c 'echo %(ENV_WORD)s; exec sleep 60'") as supervisor:
        assert supervisor.stdout is not None
        while "hello" not in supervisor.stdout.readline():
            assert supervisor.poll() is None
        supervisor.send_signal(signal.SIGTERM)
        supervisor.communicate(timeout=30)
    assert supervisor.returncode == 0


def test_sighup_asks_for_renewal_and_ends_nothing(tmp_path: Path) -> None:
    with supervise(tmp_path, "sh -c 'echo hello; exec sleep 60'") as supervisor:
        assert supervisor.stdout is not None
        while "hello" not in supervisor.stdout.readline():
            assert supervisor.poll() is None
        for _ in range(2):
            supervisor.send_signal(signal.SIGHUP)
            assert RENEWING in supervisor.stdout.readline()
            assert supervisor.stdout.readline() == "test: asked\n"
        supervisor.send_signal(signal.SIGTERM)
        supervisor.communicate(timeout=30)
    assert supervisor.returncode == 0


def test_its_output_does_not_overwrite_what_the_programs_wrote_to_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "supervisord.conf"
    path.write_text(CONFIGURATION.format(folder=tmp_path, command="sh -c 'echo from the program; exit 1'"))
    log = tmp_path / "log"
    with log.open("wb") as file:
        subprocess.run([sys.executable, "-c", RUN, str(path)], stdout=file, stderr=file, timeout=30, check=False)
    assert "from the program" in log.read_text()
    assert f"one {KEEPS_FAILING}" in log.read_text()


def test_programs_go_on_when_the_disk_below_the_log_is_full(tmp_path: Path) -> None:
    path, said = tmp_path / "supervisord.conf", tmp_path / "said"
    command = f"sh -c 'for line in 1 2 3; do echo $line; sleep 0.2; done; echo all > {said}; exec sleep 60'"
    path.write_text(CONFIGURATION.format(folder=tmp_path, command=command))
    with (
        Path("/dev/full").open("wb") as full,
        subprocess.Popen([sys.executable, "-c", RUN, str(path)], stdout=full, stderr=full) as supervisor,
    ):
        while not said.exists():
            assert supervisor.poll() is None
            time.sleep(0.05)  # until the program has said its lines
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(30) == 0


def test_says_what_to_do_when_the_programs_could_not_write_to_its_output(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:  # root's, and so nobody else may open it anew
        drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        done = subprocess.run(
            [*drop, sys.executable, "-c", RUN, "/nowhere"], stdout=file, stderr=subprocess.PIPE, timeout=30, check=False
        )
    assert b"end the command with 2>&1 | cat" in done.stderr


UNBOUND = """
[program:unbound]
command={command}
startsecs=0
autorestart=true
stdout_logfile=NONE
stdout_events_enabled=true
redirect_stderr=true
"""


def supervise_unbound(folder: Path, command: str) -> subprocess.Popen[str]:
    path = folder / "supervisord.conf"
    path.write_text(CONFIGURATION.format(folder=folder, command="sleep 60") + UNBOUND.format(command=command))
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_unbound_is_started_anew_on_demand_and_that_is_no_news(tmp_path: Path) -> None:
    with supervise_unbound(tmp_path, """sh -c 'trap "exit 0" TERM; echo up $$; while :; do sleep 0.01; done'""") as it:
        assert it.stdout is not None
        first = it.stdout.readline()
        restart_unbound(tmp_path / "pid")
        second = it.stdout.readline()
        it.send_signal(signal.SIGTERM)
        rest, _ = it.communicate(timeout=30)
    assert first.startswith("unbound: up ")
    assert second.startswith("unbound: up ")
    assert first != second
    assert rest == "homedot: received SIGTERM indicating exit request\nhomedot: stopped: one (terminated by SIGTERM)\n"


def test_unbound_is_started_anew_by_a_running_supervisor_only(tmp_path: Path) -> None:
    for content in (None, "", "nobody", "4194305"):  # the last is beyond the largest process id there can be
        if content is not None:
            (tmp_path / "pid").write_text(content)
        with pytest.raises(OperatorError, match=r"pid: unbound cannot be restarted: .*: restart Homedot"):
            restart_unbound(tmp_path / "pid")


def test_every_line_begins_with_the_name_of_its_program(tmp_path: Path) -> None:
    said = tmp_path / "said"
    said.write_bytes(
        b"[1795534139] unbound[14325:0] info: start of service (unbound 1.17.1).\n"
        b"[1795534139] unbound[14325:a] error: can't bind \xff\n"
        b"setpriv: no such user\n"
        b"[1795534140] unbound[14325:0] info: service stopped (unbound 1.17.1).\n"
    )
    with supervise_unbound(tmp_path, f"sh -c 'cat {said}; echo $$; exec sleep 60'") as it:
        assert it.stdout is not None
        lines = [it.stdout.readline() for _ in range(2)]
        os.kill(int(it.stdout.readline().removeprefix("unbound: ")), signal.SIGKILL)
        end = it.stdout.readline()
        assert it.stdout.readline() == lines[0]  # it has been started anew
        it.send_signal(signal.SIGTERM)
        it.communicate(timeout=30)
    assert lines == ["unbound: error: can't bind \N{REPLACEMENT CHARACTER}\n", "unbound: setpriv: no such user\n"]
    assert end == "homedot: exited: unbound (terminated by SIGKILL; not expected)\n"


def test_stopping_waits_for_the_programs_and_not_for_a_clock(tmp_path: Path) -> None:
    names = [f"silent{number}" for number in range(6)]
    text = CONFIGURATION.format(folder=tmp_path, command="sleep 60")
    for name in names:  # whose end is told by the signal alone: they have no output that ends with them
        command = f"sh -c 'exec >&- 2>&-; touch {tmp_path}/{name}; exec sleep 60'"
        text += f"\n[program:{name}]\ncommand={command}\nstdout_logfile=NONE\nstderr_logfile=NONE\n"
    path = tmp_path / "supervisord.conf"
    path.write_text(text)
    with subprocess.Popen([sys.executable, "-c", RUN, str(path)], stderr=subprocess.DEVNULL) as supervisor:
        deadline_s = time.monotonic() + 20
        while not all((tmp_path / name).exists() for name in names):
            assert time.monotonic() < deadline_s
            time.sleep(0.01)  # until all of them have started
        begun_s = time.monotonic()
        supervisor.send_signal(signal.SIGTERM)
        supervisor.wait(30)
    assert time.monotonic() - begun_s < 3  # by itself supervisord waits a second for each of the seven
