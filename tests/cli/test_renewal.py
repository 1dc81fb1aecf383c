import logging
import os
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.cli import prepare, renewal
from app.cli.renewal import LOOK_AT_LEAST_EVERY_S, Renewal, look, situation
from app.settings import Resolver, Settings
from app.trust import clock

WELL: dict[str, list[str]] = {"faults": [], "news": [], "warnings": []}


class Box:
    """What a tick sees and does, in a test's hands."""

    def __init__(self) -> None:
        self.situation = "as always"
        self.findings: dict[str, list[str]] | None = WELL
        self.now_s = 0.0
        self.looks = 0
        self.renewal = Renewal(lambda: self.situation, self.look, lambda: self.now_s)

    def look(self) -> object:
        self.looks += 1
        return self.findings

    def tick(self) -> int:
        """A minute later; returns how often it looked closely."""
        before = self.looks
        self.now_s += 60
        self.renewal.tick()
        return self.looks - before


@pytest.fixture
def box(caplog: pytest.LogCaptureFixture) -> Box:
    caplog.set_level(logging.INFO)
    return Box()


def test_looks_closely_at_first_and_then_once_an_hour(box: Box) -> None:
    looks = [box.tick() for _ in range(130)]
    assert [minute for minute, looked in enumerate(looks) if looked] == [0, 60, 120]
    assert LOOK_AT_LEAST_EVERY_S == 3600


def test_looks_at_once_when_something_changed(box: Box) -> None:
    box.tick()
    box.situation = "another address"
    assert [box.tick(), box.tick()] == [1, 0]


@pytest.mark.parametrize("findings", [None, WELL | {"faults": ["broken"]}])
def test_looks_every_minute_while_it_fails(box: Box, findings: dict[str, list[str]] | None) -> None:
    box.findings = findings
    assert [box.tick() for _ in range(3)] == [1, 1, 1]


def test_tells_a_fault_and_a_warning_once_until_it_is_gone(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    for findings in (WELL | {"faults": ["no disk"], "warnings": ["old"]}, WELL):
        box.findings = findings
        box.situation += "!"
        box.tick()
        box.tick()
    assert caplog.messages == [
        "what was served before is served on, but there is something to mend: no disk",
        "old",
    ]
    box.findings, box.situation = WELL | {"warnings": ["old"]}, "again"
    box.tick()
    assert caplog.messages[2:] == ["old"]


def test_tells_news_each_time(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.findings = WELL | {"news": ["scan again"]}
    for number in range(2):
        box.situation = str(number)
        box.tick()
    assert caplog.messages == ["scan again"] * 2


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(prepare, "_dot_gid", lambda: None)
    return Settings(
        data_dir=tmp_path / "data",
        run_dir=tmp_path / "run",
        addresses=(ip_address("192.168.1.10"),),
        resolver=Resolver(mode="recursive"),
    )


def test_a_situation_stays_the_same_until_something_happens(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare.bootstrap(settings)
    seen = [situation(settings)]
    assert situation(settings) == seen[0]

    def changed() -> bool:
        seen.append(situation(settings))
        return seen[-1] != seen[-2]

    os.utime(settings.data_dir / "tls/chain.pem", (1, 1))
    assert changed()
    os.utime(settings.data_dir / "ca/root.pem", (1, 1))
    assert changed()
    (settings.run_dir / "tls/pair.pem").unlink()
    assert changed()
    monkeypatch.setattr(clock, "now", lambda: None)
    assert changed()
    monkeypatch.setattr(renewal.addresses, "effective", lambda _: ())  # type: ignore[attr-defined]
    assert changed()


def test_a_look_says_what_is_wrong_and_does_not_raise(settings: Settings) -> None:
    assert "is Homedot running?" in look(settings)["faults"][0]
    prepare.bootstrap(settings)
    assert {name: list(lines) for name, lines in look(settings).items()} == WELL
    (settings.data_dir / "tls/leaf.key").unlink()
    assert f"{settings.data_dir}/tls/leaf.key: is missing" in look(settings)["faults"]
