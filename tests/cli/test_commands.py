import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.commands import _COMMANDS, main
from app.revision import told


def test_c1_faults_are_told_in_one_message_with_exit_code_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "homedot.yaml"
    config.write_text("dot: {prot: 853}\n")
    environment = {
        "HOMEDOT_CONFIG": str(config),
        "HOMEDOT_WEB__PORT": "x",
        "HOMEDOT_TLS__CERTIFICATE": "/nowhere/cert.pem",
        "HOMEDOT_TLS__KEY": __file__,
    }
    assert main(["bootstrap"], environment) == 2
    told = capsys.readouterr().err
    assert told.startswith("homedot: 3 things to mend:\n")
    assert all(name in told for name in ("dot.prot", "web.port", "tls.certificate"))


def test_prints_the_version_and_the_commit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"], {}) == 0
    assert capsys.readouterr().out == f"{told()}\n"
    with pytest.raises(SystemExit):
        main(["--version"], {})
    assert capsys.readouterr().out == f"{told()}\n"


def test_without_a_command_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([], {})
    assert left.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize("command", [*_COMMANDS, "version"])
def test_every_command_is_in_the_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"], {})
    assert re.search(rf"^    {command}\s", capsys.readouterr().out, re.MULTILINE)


COSTLY = {"argparse", "ctypes", "difflib", "hashlib", "ifaddr", "shutil", "ssl", "tempfile", "yaml"}


@pytest.mark.parametrize(
    ("program", "modules", "needed"),
    [
        (["dot"], ["app.cli.programs", "app.cli.front"], {"hashlib", "ssl"}),
        (["upkeep"], ["app.cli.programs", "app.ops.upkeep", "app.cli.renewal"], set()),
        (["lists", "run"], ["app.cli.lists", "app.lists.child", "app.lists.refresher"], set()),
        (["healthcheck"], ["app.cli.inspect", "app.ops.healthcheck"], {"hashlib", "ssl"}),
    ],
)
def test_what_stays_or_is_started_often_keeps_nothing_costly_in_memory(
    program: list[str], modules: list[str], needed: set[str]
) -> None:
    code = (
        "import sys\n"
        "from app.cli import commands\n"
        "commands.load({})\n"
        f"assert commands._of_a_program({program})\n"
        f"import {', '.join(modules)}\n"
        f"print(*set(sys.modules) & {COSTLY})\n"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert set(loaded.split()) <= needed


@pytest.mark.parametrize("command", [["config"], ["--help"], ["snippet", "nothing"]])
def test_who_has_read_enough_is_told_of_no_fault(command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "app", *command], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
