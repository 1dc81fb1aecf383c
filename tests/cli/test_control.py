"""The socket on which the front door hears `homedot pause` and `homedot resume`."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answer.pause import MOST_S, Pause
from app.cli import control, places
from app.cli.commands import main
from app.cli.why import Reason
from app.configuration import load
from tests.fakes.clock import Clock
from tests.fakes.house import house

pytestmark = pytest.mark.anyio

HOUSE = house(lists={"Made-up list": ["ads.example"]})


async def reason(name: str) -> Reason:
    return Reason(name, HOUSE.decide(name), notes=("noted",))


@asynccontextmanager
async def listening(path: Path, pause: Pause, uids: Iterable[int] | None = None) -> AsyncIterator[None]:
    path.parent.mkdir(exist_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(path))
    server = await control.serve(bound, pause, reason, control.allowed_uids() if uids is None else uids)
    try:
        yield
    finally:
        server.close()


async def say(path: Path, octets: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(octets)
    writer.write_eof()
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.fixture
def pause() -> Pause:
    return Pause(Clock())


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker has to look first."""
    monkeypatch.setattr(control, "LOOK_S", 0)


@pytest.mark.usefixtures("hurried")
async def test_pauses_and_resumes(tmp_path: Path, pause: Pause) -> None:
    path = tmp_path / "control.sock"
    async with listening(path, pause):
        assert await say(path, b"pause 600\n") == b"ok blocking is paused for 600 s; `homedot resume` ends it\n"
        assert pause.left_s == 600
        assert await say(path, b"resume\n") == b"ok blocking is in force\n"
        assert pause.left_s == 0


@pytest.mark.parametrize(
    "line",
    [b"pause\n", b"pause 0\n", b"pause 86401\n", b"pause -1\n", b"pause 1 \n", b"pause 600\r\n", b"stop\n", b"\n",
     b"PAUSE 600\n", b"pause \xb2\n", b"why\n", b"why \n", b"why a b\n", b"why \xc3\xa4.example\n",
     b"why " + b"a" * 255 + b"\n"],
)  # fmt: skip
async def test_what_is_no_command_is_refused(tmp_path: Path, pause: Pause, line: bytes) -> None:
    path = tmp_path / "control.sock"
    async with listening(path, pause):
        assert await say(path, line) == b"no that is no command\n"
    assert pause.left_s == 0


@pytest.mark.parametrize("octets", [b"pause 600", b"", b"x" * 100_000, b"x" * 100_000 + b"\npause 600\n"])
async def test_no_line_or_an_endless_one_is_the_end_of_the_connection(
    tmp_path: Path, pause: Pause, octets: bytes
) -> None:
    path = tmp_path / "control.sock"
    async with listening(path, pause):
        assert await say(path, octets) == b""
        assert pause.left_s == 0
        assert await say(path, b"nonsense\n") == b"no that is no command\n"


async def test_says_what_becomes_of_a_name(tmp_path: Path, pause: Pause) -> None:
    path = tmp_path / "control.sock"
    async with listening(path, pause):
        said = await say(path, b"why www.Ads.example.\n")
    assert said.startswith(b"ok ")
    assert json.loads(said[3:]) == {
        "kind": "listed",
        "rule": "ads.example",
        "says": "www.ads.example: blocked: ads.example is on the list Made-up list",
        "notes": ["noted"],
    }


@pytest.mark.parametrize("name", [b"*.example", b"a..b", b"x" * 64, b"-;-", b"a" * 254])
async def test_what_is_no_name_has_no_fate(tmp_path: Path, pause: Pause, name: bytes) -> None:
    path = tmp_path / "control.sock"
    async with listening(path, pause):
        assert (await say(path, b"why " + name + b"\n")).startswith(b"no must be names")


async def test_others_than_those_who_are_named_are_refused(tmp_path: Path, pause: Pause) -> None:
    path = tmp_path / "control.sock"
    async with listening(path, pause, uids=[os.geteuid() + 1]):
        assert await say(path, b"pause 600\n") == b"no only root and the user of the setup page may\n"
    assert pause.left_s == 0


def test_root_and_ourselves_are_named() -> None:
    assert {0, os.geteuid()} <= set(control.allowed_uids())


@pytest.mark.usefixtures("hurried")
async def test_the_commands_speak_to_it(tmp_path: Path, pause: Pause, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    async with listening(places.control_socket(load(environment).settings), pause):
        for arguments, left_s in ((["pause"], 600), (["pause", "90s"], 90), (["resume"], 0)):
            assert await asyncio.to_thread(main, arguments, environment) == 0
            assert pause.left_s == left_s
    assert capsys.readouterr().out.splitlines()[-1] == "blocking is in force"


async def test_the_commands_say_why_it_does_not_work(
    tmp_path: Path, pause: Pause, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    assert main(["pause"], environment) == 2
    assert "is Homedot running?" in capsys.readouterr().err
    async with listening(places.control_socket(load(environment).settings), pause, uids=()):
        assert await asyncio.to_thread(main, ["pause"], environment) == 2
    assert "only root and the user of the setup page may" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "seconds"), [("10m", 600), ("10", 600), ("90s", 90), ("2h", 7200), ("24h", MOST_S), ("1s", 1)]
)
def test_a_time_has_a_unit_and_minutes_are_meant_without(text: str, seconds: int) -> None:
    assert control.duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "25h", "86401s", "10 m", "m", "-1", "1d", "1.5h", "٣m"])
def test_other_times_are_refused(text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    if text == "-1":  # the command line takes it for an option
        with pytest.raises(ValueError, match="must be a time up to 24h"):
            control.duration_s(text)
        return
    assert main(["pause", text], {"HOMEDOT_RUN_DIR": str(tmp_path)}) == 2
    assert "pause: must be a time up to 24h, like 10m, 90s or 2h" in capsys.readouterr().err


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        assert 1 <= control.duration_s(text) <= MOST_S
    except ValueError:
        return
