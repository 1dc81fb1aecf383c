import asyncio
from pathlib import Path

import pytest

from app.cli.selftest import Checks, serve_checks
from app.dot.sightings import Sightings
from app.errors import OperatorError
from tests.fakes.clock import Clock

pytestmark = pytest.mark.anyio


async def test_the_web_program_gets_a_nonce_and_later_what_became_of_it(tmp_path: Path) -> None:
    sightings = Sightings(Clock())
    server = await serve_checks(tmp_path / "check.sock", sightings)
    checks = Checks(tmp_path / "check.sock")
    nonce, other = await checks.new(), await checks.new()
    assert await checks.look(nonce) is None
    sightings.note(bytes.fromhex(nonce), {"client": "192.168.1.23", "transport": "udp"})
    assert await checks.look(nonce) == {"client": "192.168.1.23", "transport": "udp"}
    assert await checks.look(other) is None
    server.close()


@pytest.mark.parametrize(
    "nonce", ["", "new", "new\n", "zz" * 17, "0a" * 16, "0a" * 18, "ä" * 34, " 0" * 17, "0a" * 4000]
)
async def test_what_is_no_nonce_is_not_even_asked_for(tmp_path: Path, nonce: str) -> None:
    assert await Checks(tmp_path / "nowhere.sock").look(nonce) is None


@pytest.mark.parametrize("line", [b"", b"\n", b"nonsense\n", b"x" * 10_000, b"\xff\n", b"0a" * 17 + b"\n"])
async def test_a_line_that_is_no_question_is_answered_with_nothing(tmp_path: Path, line: bytes) -> None:
    server = await serve_checks(tmp_path / "check.sock", Sightings(Clock()))
    reader, writer = await asyncio.open_unix_connection(tmp_path / "check.sock")
    writer.write(line)
    writer.write_eof()
    assert await reader.read() == b"null"
    writer.close()
    server.close()


async def test_a_front_door_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="does not answer"):
        await Checks(tmp_path / "nowhere.sock").new()


async def test_every_user_of_the_box_may_ask(tmp_path: Path) -> None:
    server = await serve_checks(tmp_path / "check.sock", Sightings(Clock()))
    assert (tmp_path / "check.sock").stat().st_mode & 0o777 == 0o666
    server.close()
