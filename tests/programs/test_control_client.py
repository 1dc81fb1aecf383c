"""The front door asked from another process, and doors that say nothing, too much or nonsense."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.doctor.condition import ConditionKind
from app.errors import OperatorError
from app.programs import control_client, paths
from app.programs.control_client import SelfTestClient
from app.programs.paths import IS_RUNNING
from tests.fakes.frontdoor import COUNTS, TODAY, WELL, hearing

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(run_dir=tmp_path)


@asynccontextmanager
async def saying(settings: Settings, octets: bytes) -> AsyncIterator[None]:
    """One that says `octets` to whoever connects, and closes."""

    async def say(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)
        writer.close()

    path = paths.control_socket(settings)
    path.parent.mkdir()
    async with await asyncio.start_unix_server(say, path):
        yield


async def test_the_counts_have_their_names(settings: Settings) -> None:
    async with hearing(paths.control_socket(settings)):
        assert await control_client.state(settings) == COUNTS


async def test_counts_with_labels_have_the_values_of_these(settings: Settings) -> None:
    async with hearing(paths.control_socket(settings)):
        told = await control_client.series(settings)
    assert told["blocked"] == {"0": 0, "1": 0, "2": 0}
    assert told["answers"]["dot NOERROR"] == 0


async def test_the_web_program_gets_a_nonce_and_later_what_became_of_it(settings: Settings) -> None:
    async with hearing(paths.control_socket(settings)) as heard:
        checks = SelfTestClient(settings)
        nonce, other = await checks.new(), await checks.new()
        assert await checks.look(nonce) is None
        heard.nonces.note(bytes.fromhex(nonce), {"client": "192.168.1.23", "transport": "udp"})
        assert await checks.look(nonce) == {"client": "192.168.1.23", "transport": "udp"}
        assert await checks.look(other) is None


@pytest.mark.parametrize(
    "nonce", ["", "new", "new\n", "zz" * 17, "0a" * 16, "0a" * 18, "ä" * 34, " 0" * 17, "0a" * 4000, "0a" * 17 + "\n"]
)
async def test_what_is_no_nonce_is_not_even_asked_for(settings: Settings, nonce: str) -> None:
    assert await SelfTestClient(settings).look(nonce) is None


async def test_a_no_is_an_error_with_its_sentence(settings: Settings) -> None:
    async with hearing(paths.control_socket(settings)):
        with pytest.raises(OperatorError, match="that is no command"):
            await control_client.ask(settings, "nonsense")


@pytest.mark.parametrize("octets", [b"", b"\n", b"ok\n", b"ok nonsense\n", b"ok \xff\n", b"ok " + b"x" * 100_000])
async def test_a_front_door_that_talks_nonsense_is_an_error(settings: Settings, octets: bytes) -> None:
    async with saying(settings, octets):
        with pytest.raises(OperatorError, match="the front door does not answer"):
            await control_client.ask(settings, "state")


async def test_a_front_door_that_is_not_there_is_an_error(settings: Settings) -> None:
    with pytest.raises(OperatorError, match=re.escape(IS_RUNNING)):
        await control_client.state(settings)


async def test_a_silent_front_door_is_not_waited_for_long(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_client, "_TIMEOUT_S", 0.05)
    silent, path = asyncio.Event(), paths.control_socket(settings)

    async def wait(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    path.parent.mkdir()
    async with await asyncio.start_unix_server(wait, path):
        with pytest.raises(OperatorError, match="does not answer in time"):
            await control_client.ask(settings, "state")
        silent.set()


async def test_what_it_says_steers_no_terminal(settings: Settings) -> None:
    async with saying(settings, b'ok {"says": "a\\u001b[2J", "notes": ["\\u009b1m"], "n": 1}\n'):
        found = await control_client.ask(settings, "why www.example")
    assert found == {"says": "a\N{REPLACEMENT CHARACTER}[2J", "notes": ["\N{REPLACEMENT CHARACTER}1m"], "n": 1}


@pytest.mark.parametrize("said", [b"no \x1b[2J\n", b"ok \x1b[2J\n", b"ok " + b"[" * 50_000 + b"\n"])
async def test_nor_does_what_it_refuses_or_gets_wrong(settings: Settings, said: bytes) -> None:
    async with saying(settings, said):
        with pytest.raises(OperatorError) as told:
            await control_client.ask(settings, "why www.example")
    assert str(told.value).isprintable()


async def test_what_was_asked_today_is_what_it_says(settings: Settings) -> None:
    async with hearing(paths.control_socket(settings)):
        assert await control_client.today(settings) == TODAY


async def test_the_condition_is_what_it_says(settings: Settings) -> None:
    async with hearing(paths.control_socket(settings)):
        assert await control_client.condition(settings) == WELL


@pytest.mark.parametrize("octets", [b"", b"no such word\n", b'ok {"kind": "odd"}\n', b"ok [1]\n", b"ok null\n"])
async def test_a_front_door_that_does_not_say_how_it_is_does_not_answer(settings: Settings, octets: bytes) -> None:
    async with saying(settings, octets):
        assert (await control_client.condition(settings)).kind is ConditionKind.NOT_ANSWERING


async def test_one_that_is_not_there_does_not_answer(settings: Settings) -> None:
    assert (await control_client.condition(settings)).kind is ConditionKind.NOT_ANSWERING
