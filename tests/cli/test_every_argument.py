"""Whatever is typed, in whatever state the box is: an answer or a sentence, and an exit code."""

import itertools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.cli.commands import VERBS, main
from app.config.load import load
from app.programs import bootstrap, real_answer
from app.programs.paths import IS_RUNNING
from tests.appliance import folder_for_all

WORDS = [
    "show", "new", "refresh", "accept", "check", "--yes", "--json", "--help", "-h", "--bogus-name", "--slow-name", "--",
    "-", "", "10m", "0", "25h", "1e3", "-1", "www.example.com", "A", "TYPE65", "kdig", "https://lists.example/a.txt",
    " ", "a b", "\udcff", "straße", "\0", "\x1b[2J", "%s", "{0}", "../..", "x" * 300, "." * 300, "٣", "xn--a",
    "add", "remove", "tomorrow", "--device", "--allow",
]  # fmt: skip
COMMANDS = [*VERBS, "help", "--help", "--version", "nothing", "", "\udcff"]
ANSWERS_WITH = {0, 1, 2}
TELLS_NO_TABLE = {
    "version": "one line",
    "allow": "what is so now",
    "deny": "what is so now",
    "forget": "what is so now",
    "pause": "what is so now",
    "resume": "what is so now",
    "undo": "what is so now",
    "token": "one word",
    "setup-phone": "a page to be read, with a picture",
    "ca": "what was done",
    "key": "what was done",
    "healthcheck": "an exit code",
}


@pytest.fixture(scope="module")
def boxes() -> Iterator[list[Mapping[str, str]]]:
    """What the environment says of one that was never started, of one that is stopped, and of two that cannot work."""
    with folder_for_all() as folder:
        yield made_in(folder)


def made_in(folder: Path) -> list[Mapping[str, str]]:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    stopped = {
        "HOMEDOT_DATA_DIR": str(folder / "data"),
        "HOMEDOT_RUN_DIR": str(folder / "run"),
        "HOMEDOT_ADDRESSES": "127.0.0.1",
        "HOMEDOT_DOT__PORT": str(port),
        "HOMEDOT_RESOLVER__MODE": "recursive",
        "HOMEDOT_RESOLVER__PORT": "1",
        "HOMEDOT_BLOCKING__LISTS": "https://lists.example/a.txt",
        "HOMEDOT_BLOCKING__DENY": "example.com",
    }
    bootstrap.run(load(stopped).settings)
    never = stopped | {"HOMEDOT_DATA_DIR": str(folder / "none"), "HOMEDOT_RUN_DIR": str(folder / "none")}
    a_file = folder / "file"
    a_file.write_bytes(b"\xff\0")
    strange = stopped | {"HOMEDOT_DATA_DIR": str(a_file), "HOMEDOT_RUN_DIR": str(a_file)}
    broken = stopped | {"HOMEDOT_CONFIG": str(a_file)}
    return [never, stopped, strange, broken]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers for unbound, and each `why` would wait for it."""
    monkeypatch.setattr(real_answer, "_TIMEOUT_S", 0.02)


def exit_code(argv: list[str], environment: Mapping[str, str]) -> int:
    """What the process would end with. Whatever else is raised would be a traceback."""
    try:
        return main(argv, environment)
    except SystemExit as left:
        return int(left.code or 0)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    command=st.sampled_from(COMMANDS),
    words=st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=3),
    number=st.integers(0, 3),
)
@example(command="lists", words=["accept"], number=2)
@example(command="token", words=["new"], number=2)
@example(command="ca", words=["new", "--yes"], number=2)
@example(command="status", words=[], number=2)
@example(command="why", words=["x.example"], number=2)
def test_whatever_is_typed_there_is_no_traceback(
    boxes: list[Mapping[str, str]], command: str, words: list[str], number: int
) -> None:
    assert exit_code([command, *words], boxes[number]) in ANSWERS_WITH


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_gives_a_traceback_alone_or_with_one_word(
    command: str, boxes: list[Mapping[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    for words, box in itertools.product([[], *([word] for word in WORDS)], boxes):
        assert exit_code([command, *words], box) in ANSWERS_WITH, (words, box)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("command", [verb for verb in VERBS if verb not in {*TELLS_NO_TABLE, "why", "changes"}])
def test_every_command_that_prints_a_table_prints_it_for_scripts_too(
    command: str, boxes: list[Mapping[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """`why` and `changes` need a running front door: tests/cli/test_why.py, tests/cli/test_changes.py."""
    assert exit_code([command, "--json"], boxes[1]) in {0, 1}
    assert json.loads(capsys.readouterr().out)


def test_what_is_told_survives_a_terminal_that_has_no_such_letter(
    boxes: list[Mapping[str, str]],
) -> None:
    environment = {**os.environ, **boxes[1], "PYTHONIOENCODING": "ascii"}
    for words, code, fault in ((["setup-phone"], 0, ""), (["why", "straße."], 2, IS_RUNNING)):
        done = subprocess.run(
            [sys.executable, "-m", "app", *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code
        assert fault in done.stderr if fault else not done.stderr
