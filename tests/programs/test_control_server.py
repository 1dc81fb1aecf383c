"""The socket on which the front door hears other programs of ours."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from app.owner.length import moment
from app.programs import control_server
from tests.fakes.frontdoor import COUNTS, NOW_S, WELL, hearing

pytestmark = pytest.mark.anyio


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


def value(said: bytes) -> object:
    """What was said after `ok`."""
    word, _, text = said.partition(b" ")
    assert word == b"ok", said
    return json.loads(text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


async def test_pauses_and_resumes(path: Path) -> None:
    async with hearing(path) as heard:
        told = value(await say(path, b"pause 600\n"))
        assert told == {"says": [f"blocking is paused for all devices until {moment(NOW_S + 600)}"]}
        assert heard.pause.left_s == 600
        assert value(await say(path, b"resume\n")) == {"says": ["blocking is in force again for all devices"]}
        assert heard.pause.left_s == 0


async def test_sets_and_takes_back_what_the_owner_wishes_and_tells_it(path: Path) -> None:
    async with hearing(path) as heard:
        wish = b'change {"do": "deny", "what": ["shop.example", "x.example"], "by": "192.168.1.7"}\n'
        assert value(await say(path, wish)) == {
            "says": [f"{name}.example is blocked, with everything below it" for name in ("shop", "x")]
        }
        assert heard.owner.will.names("deny") == ["shop.example", "x.example"]
        told = value(await say(path, b"owner\n"))
        assert isinstance(told, dict)
        assert [(row["of"], row["value"], row["by"]) for row in told["names"]] == [
            ("shop.example", "deny", "192.168.1.7"),
            ("x.example", "deny", "192.168.1.7"),
        ]
        undone = value(await say(path, b'undo {"number": null, "by": "192.168.1.8"}\n'))
        assert isinstance(undone, dict)
        assert undone["says"][0].startswith("undone: shop.example is blocked")
        assert heard.owner.will.names("deny") == []
        assert await say(path, b'undo {"number": 7, "by": ""}\n') == b"no there is no change 7 among the last 10\n"
        assert await say(path, b'change {"do": "deny", "what": ["a..b"], "by": ""}\n') == (
            b"no a..b: must be names, like ads.example.com\n"
        )


async def test_what_cannot_be_written_is_told_and_nothing_is_changed(path: Path) -> None:
    async with hearing(path) as heard:
        (path.parent / "volume").write_text("a file where the volume should be")
        said = await say(path, b'change {"do": "deny", "what": ["x.example"], "by": ""}\n')
        assert said.startswith(b"no ")
        assert b"is not a folder" in said
        assert heard.owner.will.names("deny") == []


async def test_tells_its_counts(path: Path) -> None:
    async with hearing(path):
        assert value(await say(path, b"state\n")) == COUNTS


async def test_gives_a_nonce_and_tells_later_what_was_seen_of_it(path: Path) -> None:
    async with hearing(path) as heard:
        nonce, other = value(await say(path, b"new\n")), value(await say(path, b"new\n"))
        assert isinstance(nonce, str)
        assert value(await say(path, f"seen {nonce}\n".encode())) is None
        heard.nonces.note(bytes.fromhex(nonce), {"client": "192.168.1.23"})
        assert value(await say(path, f"seen {nonce}\n".encode())) == {"client": "192.168.1.23"}
        assert value(await say(path, f"seen {other}\n".encode())) is None


@pytest.mark.parametrize(
    "line",
    [b"pause\n", b"pause 0\n", b"pause 86401\n", b"pause -1\n", b"pause 1 \n", b"pause 600\r\n", b"stop\n", b"\n",
     b"PAUSE 600\n", b"pause \xb2\n",
     b"why\n", b"why a b\n", b"why a b 1\n", b"why \xc3\xa4.example\n", b"state now\n", b" state\n",
     b"why a MX x\n", b"why a MX 65536\n", b"why a MX 0\n", b"why a MX\n", b"why a MX 1 1\n",
     b"seen\n", b"seen " + b"0" * 33 + b"\n", b"seen " + b"0" * 35 + b"\n", b"seen " + b"zz" * 17 + b"\n",
     b"seen " + b" 0" * 17 + b"\n", b"new 1\n",
     b"change\n", b"change []\n", b"change {\n", b"change " + b"[" * 9000 + b"\n", b"undo\n", b"undo {}\n",
     b'undo {"number": "1", "by": ""}\n', b'undo {"number": true, "by": ""}\n', b"owner now\n", b"resume now\n",
     b'change {"do": 7}\n', b'change {"do": "deny", "what": "x.example"}\n', b'change {"do": "deny", "what": [7]}\n'],
)  # fmt: skip
async def test_what_is_no_command_is_refused(path: Path, line: bytes) -> None:
    async with hearing(path) as heard:
        assert await say(path, line) == b"no that is no command\n"
        assert heard.pause.left_s == 0


@pytest.mark.parametrize("octets", [b"pause 600", b"", b"x" * 100_000, b"x" * 100_000 + b"\npause 600\n"])
async def test_no_line_or_an_endless_one_is_the_end_of_the_connection(path: Path, octets: bytes) -> None:
    async with hearing(path) as heard:
        assert await say(path, octets) == b""
        assert heard.pause.left_s == 0
        assert await say(path, b"nonsense\n") == b"no that is no command\n"


async def test_says_what_becomes_of_a_name(path: Path) -> None:
    async with hearing(path):
        assert value(await say(path, b"why www.Ads.example.\n")) == {
            "name": "www.ads.example",
            "blocked": True,
            "kind": "listed",
            "rule": "ads.example",
            "title": "Made-up list",
            "leads_to": None,
            "only": None,
            "says": "www.ads.example: blocked: ads.example is on the list Made-up list",
            "answers": [],
            "notes": ["noted for {'A': 1, 'AAAA': 28, 'HTTPS': 65}"],
            "types": {
                "AAAA": {
                    "blocked": True,
                    "kind": "listed",
                    "rule": "ads.example",
                    "title": "Made-up list",
                    "leads_to": None,
                }
            },
        }
        told = value(await say(path, b"why www.ads.example MX 15\n"))
        assert isinstance(told, dict)
        assert told["notes"] == ["noted for {'MX': 15}"]


@pytest.mark.parametrize("name", [b"", b"*.example", b"a..b", b"x" * 64, b"-;-", b"a" * 254])
async def test_what_is_no_name_has_no_fate(path: Path, name: bytes) -> None:
    async with hearing(path):
        assert (await say(path, b"why " + name + b"\n")).startswith(b"no must be names")


@pytest.mark.parametrize(
    "line",
    [
        b"pause 600\n",
        b"state\n",
        b"new\n",
        b"why www.example\n",
        b"nonsense\n",
        b"owner\n",
        b'change {"do": "pause", "length": "10m", "by": ""}\n',
    ],
)
async def test_others_than_those_who_are_named_are_refused(path: Path, line: bytes) -> None:
    async with hearing(path, uids=[os.geteuid() + 1]) as heard:
        assert await say(path, line) == b"no only root and the user of the setup page may\n"
        assert heard.pause.left_s == 0


async def test_every_user_may_connect_to_be_told_so(path: Path) -> None:
    async with hearing(path):
        assert path.stat().st_mode & 0o777 == 0o666


async def test_connections_that_say_nothing_are_few(path: Path) -> None:
    """They would take the descriptors with which devices are answered."""
    async with hearing(path):
        silent = [await asyncio.open_unix_connection(path) for _ in range(control_server._MOST_AT_ONCE + 20)]
        async with asyncio.timeout(2):
            ended = [await reader.read() for reader, _ in silent[control_server._MOST_AT_ONCE :]]
        assert ended == [b""] * 20
        for _, writer in silent:
            writer.close()
        while await say(path, b"state\n") == b"":
            await asyncio.sleep(0)  # until the others are seen to be gone
        assert value(await say(path, b"state\n")) == COUNTS


async def test_those_who_are_refused_take_no_place_of_those_who_are_not(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uids = iter([os.geteuid() + 1] * (control_server._MOST_AT_ONCE + 1) + [os.geteuid()])
    monkeypatch.setattr(control_server, "_uid_of", lambda _: next(uids))
    async with hearing(path):
        silent = [await asyncio.open_unix_connection(path) for _ in range(control_server._MOST_AT_ONCE + 1)]
        assert await silent[-1][0].read() == b""
        assert value(await say(path, b"state\n")) == COUNTS
        for _, writer in silent:
            writer.close()


def test_root_and_ourselves_are_named() -> None:
    assert {0, os.geteuid()} <= set(control_server.allowed_uids())


async def test_tells_its_condition(path: Path) -> None:
    async with hearing(path, condition=WELL):
        assert value(await say(path, b"condition\n")) == WELL.to_document()
