import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.server

RUN = """
import sys
from pathlib import Path
from app.ops.supervise import run
sys.exit(run(Path(sys.argv[1]), {"WORD": "hello"}))
"""

CONFIGURATION = """
[supervisord]
nodaemon=true
logfile=/dev/null
logfile_maxbytes=0
pidfile={folder}/pid

[program:one]
command={command}
startsecs=1
startretries=0
stdout_logfile=/dev/fd/1
stdout_logfile_maxbytes=0
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
    assert "homedot: one cannot be kept running; stopping." in output


def test_sigterm_ends_it_with_0_and_variables_reach_the_programs(tmp_path: Path) -> None:
    with supervise(tmp_path, "sh -c 'echo %(ENV_WORD)s; exec sleep 60'") as supervisor:
        assert supervisor.stdout is not None
        while "hello" not in supervisor.stdout.readline():
            assert supervisor.poll() is None
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
    assert "one cannot be kept running" in log.read_text()


def test_says_what_to_do_when_the_programs_could_not_write_to_its_output(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:  # root's, and so nobody else may open it anew
        drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        done = subprocess.run(
            [*drop, sys.executable, "-c", RUN, "/nowhere"], stdout=file, stderr=subprocess.PIPE, timeout=30, check=False
        )
    assert b"end the command with 2>&1 | cat" in done.stderr
