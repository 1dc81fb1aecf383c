import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.commands import VERBS, main
from app.errors import SettingsError
from app.programs.starting import PROGRAMS


def test_c1_faults_are_told_in_one_message_with_exit_code_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "homedot.yaml"
    config.write_text("dot: {prot: 853}\n")
    environment = {
        "HOMEDOT_CONFIG": str(config),
        "HOMEDOT_WEB__PORT": "x",
        "HOMEDOT_TLS__CERTIFICATE": "/nowhere/cert.pem",
        "HOMEDOT_TLS__KEY": __file__,
    }
    assert main(["config"], environment) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"homedot: {SettingsError([''] * 3).heading}:\n")
    assert all(name in told for name in ("dot.prot", "web.port", "tls.certificate"))


def test_without_a_command_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], {}) == 2
    assert "usage: homedot COMMAND" in capsys.readouterr().out


@pytest.mark.parametrize("command", VERBS)
def test_every_command_is_in_the_help_and_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"], {}) == 0
    assert re.search(rf"^  {command}\s", capsys.readouterr().out, re.MULTILINE)
    with pytest.raises(SystemExit) as left:
        main([command, "--help"], {})
    assert left.value.code == 0
    assert f"usage: homedot {command}" in capsys.readouterr().out


@pytest.mark.parametrize("command", VERBS)
def test_help_about_a_command_is_what_the_command_says_of_itself(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for words in (["help", command], [command, "--help"]):
        with pytest.raises(SystemExit) as left:
            main(words, {})
        assert left.value.code == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]


@pytest.mark.parametrize("words", [["help"], ["--help"], ["-h"], ["help", "help"]])
def test_help_begins_with_what_people_look_for_first(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words, {}) == 0
    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert shown == list(VERBS)
    assert shown[:3] == ["status", "doctor", "why"]


def test_a_program_that_people_do_not_start_is_not_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"], {}) == 0
    shown = re.findall(r"^  (\S+)", capsys.readouterr().out, re.MULTILINE)
    assert not {*shown} & {*PROGRAMS} - {"lists"}  # a word of people's, too


def test_help_about_several_commands_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["help", "doctor", "why"], {})
    assert left.value.code == 2
    assert "takes one command, like `homedot help doctor`" in capsys.readouterr().err


def test_an_unknown_command_is_told_where_the_list_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["frobnicate"], {})
    assert left.value.code == 2
    assert "there is no command 'frobnicate'; `homedot help` lists them" in capsys.readouterr().err


def test_a_command_with_words_that_it_does_not_know_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["config", "everything"], {})
    assert left.value.code == 2
    assert "unrecognized arguments: everything" in capsys.readouterr().err


def test_the_health_check_which_runs_every_half_minute_loads_nothing_costly() -> None:
    code = (
        "import sys\n"
        "from app.config.load import load\n"
        "load({})\n"
        "import app.cli.healthcheck\n"
        "costly = {'ctypes', 'difflib', 'ifaddr', 'shutil', 'tempfile', 'yaml'}\n"
        "print(*set(sys.modules) & costly)\n"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert loaded.split() == []


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
