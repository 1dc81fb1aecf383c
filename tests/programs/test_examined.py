"""What the doctor knows of this box by its own programs and files."""

import asyncio
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.config.load import load
from app.config.settings import Settings
from app.doctor.target import LookUp
from app.lists.state import ListState
from app.programs import control_client, examined, paths
from app.programs.answer_words import document
from app.programs.outcomes import RealAnswer, RealOutcome
from app.trust import clock
from tests.fakes.frontdoor import hearing

LIST = "https://lists.example/a.txt"


def settings(tmp_path: Path, **more: str) -> Settings:
    own = {f"HOMEDOT_{name}": value for name, value in more.items()}
    return load({"HOMEDOT_RUN_DIR": str(tmp_path), "HOMEDOT_DATA_DIR": str(tmp_path), **own}).settings


@pytest.mark.anyio
async def test_a_front_door_that_tells_how_it_is_has_no_fault(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    async with hearing(paths.control_socket(chosen)):
        assert await asyncio.to_thread(examined.front_door, chosen) == ("", 0)
    fault, _ = await asyncio.to_thread(examined.front_door, chosen)
    assert "is Homedot running?" in fault


@pytest.mark.anyio
async def test_who_may_not_ask_is_told_so_and_can_tell_nothing(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    async with hearing(paths.control_socket(chosen), uids=()):
        assert "only root" in (await asyncio.to_thread(examined.front_door, chosen))[0]
        found = await asyncio.to_thread(examined.look_up, chosen, "www.example")
        assert (found.is_reached, found.says) == (None, "only root and the user of the setup page may")


def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: RealAnswer) -> LookUp:
    async def ask(_: Settings, line: str) -> Mapping[str, Any]:
        assert line == "why www.example A 1"
        found: Mapping[str, Any] = json.loads(json.dumps({"answers": [document(answer)]}))
        return found

    monkeypatch.setattr(control_client, "ask", ask)
    return examined.look_up(settings(tmp_path), "www.example")


SERVERS, FORWARDER = "the internet's name servers", "the forwarder x (resolver.forward)"


@pytest.mark.parametrize(
    ("outcome", "where", "is_reached", "remedy"),
    [
        (RealOutcome.ANSWERED, SERVERS, True, ""),
        (RealOutcome.NO_NAME, SERVERS, True, ""),
        (RealOutcome.FILTERED, FORWARDER, True, ""),
        (RealOutcome.UNREACHABLE, FORWARDER, False, "name another one in `resolver.forward`"),
        (RealOutcome.UNREACHABLE, SERVERS, False, "check this machine's internet connection"),
        (RealOutcome.UNREACHABLE, "", False, "why unbound does not run"),
        (RealOutcome.BOGUS, FORWARDER, False, "passes DNSSEC signatures on in `resolver.forward`"),
        (RealOutcome.BOGUS, SERVERS, False, "the network alters DNS"),
    ],
)
def test_whether_names_are_found_and_what_helps_is_told_by_who_was_asked(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    outcome: RealOutcome,
    where: str,
    is_reached: bool,
    remedy: str,
) -> None:
    found = told(monkeypatch, tmp_path, RealAnswer("A", outcome, where=where))
    assert found.is_reached is is_reached
    assert remedy in found.remedy


def test_a_clock_from_before_this_version_cannot_be_right(monkeypatch: pytest.MonkeyPatch) -> None:
    assert examined.clock_fault() == ""
    monkeypatch.setattr(clock, "now", lambda: None)
    assert "is not set" in examined.clock_fault()


def test_lists_that_are_missing_and_old_ones_are_told_with_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = {
        LIST: ListState(checked_s=1.0, error="404", failures=1),
        f"{LIST}?key=secret": ListState(),
        "/config/a.txt": ListState(checked_s=1.0, title="Mine", names=3, updated_s=1.0, error="it is empty"),
    }
    monkeypatch.setattr(examined, "states", lambda _: known)
    found = examined.lists(settings(tmp_path), 600)
    assert found.missing == [
        f"the block list {LIST} is missing, so nothing on it is blocked: 404",
        f"the block list {LIST} is missing, so nothing on it is blocked: it was not downloaded yet",
    ]
    assert found.late == ["the block list /config/a.txt is not up to date: it is empty"]
    soon = examined.lists(settings(tmp_path), 60)
    assert soon.missing == found.missing[:1]
    assert soon.awaited == [f"the block list {LIST} is not there yet"]
    assert examined.lists(settings(tmp_path, BLOCKING__ENABLED="false"), 600) == ([], [], [])


def test_holders_of_the_port_are_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (holder,) = examined.holders_of(load({"HOMEDOT_DOT__PORT": str(port)}).settings)
    assert holder.startswith("127.0.0.1")
