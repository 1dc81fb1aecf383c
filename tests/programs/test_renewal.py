import logging
import os
import shutil
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.config.settings import Resolver, Settings
from app.host.grace_period import GRACE_S, Lingering
from app.host.wall_clock import LEAST_S, WallClock
from app.lists.places import turn
from app.programs import bootstrap, paths, renewal
from app.programs.renewal import LOOK_AT_LEAST_EVERY_S, Renewal, look, situation
from app.trust import clock
from tests.fakes.clock import Clock

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


def test_tells_what_it_found(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.findings = WELL | {"news": ["scan again"]}
    box.tick()
    assert caplog.messages == ["scan again"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data",
        run_dir=tmp_path / "run",
        addresses=(ip_address("192.168.1.10"),),
        resolver=Resolver(mode="recursive"),
    )


def test_a_situation_stays_the_same_until_something_happens(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap.run(settings)
    lingering = Lingering()
    seen = [situation(settings, lingering)]
    assert situation(settings, lingering) == seen[0]
    assert lingering.lost((), ()) == settings.addresses

    def changed() -> bool:
        seen.append(situation(settings, lingering))
        return seen[-1] != seen[-2]

    os.utime(settings.data_dir / "tls/chain.pem", (1, 1))
    assert changed()
    os.utime(settings.data_dir / "ca/root.pem", (1, 1))
    assert changed()
    (settings.run_dir / "tls/pair.pem").unlink()
    assert changed()
    turn(paths.lists(settings)).touch()
    assert changed()
    shutil.rmtree(paths.lists(settings))
    assert changed()
    monkeypatch.setattr(clock, "now", lambda: None)
    assert changed()
    for lead_s in (LEAST_S, -LEAST_S):
        monkeypatch.setattr(WallClock, "lead_s", lambda _, lead_s=lead_s: lead_s)
        assert changed()
    monkeypatch.setattr(renewal.addresses, "effective", lambda _: ())  # type: ignore[attr-defined]
    assert changed()


def test_an_address_that_is_not_waited_for_any_more_is_a_reason_to_look_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, found = Clock(0.0), [ip_address("192.168.1.10"), ip_address("192.168.1.20")]
    monkeypatch.setattr(renewal.addresses, "effective", lambda _: tuple(found))  # type: ignore[attr-defined]
    lingering = Lingering(now)
    looks = list[float]()

    def look() -> object:
        looks.append(now.now_s)
        return WELL

    keeping = Renewal(lambda: situation(settings, lingering), look, now)
    for minute in range(60):
        now.now_s = 60.0 * minute
        if minute == 20:
            found.pop()
        keeping.tick()
    # What devices relied upon before this began is not waited for any more, an address is lost, and so is the wait.
    assert looks == [0.0, GRACE_S, 20 * 60.0, 19 * 60.0 + GRACE_S]


def test_a_look_says_what_is_wrong_and_does_not_raise(settings: Settings) -> None:
    assert "is Homedot running?" in look(settings, Lingering())["faults"][0]
    bootstrap.run(settings)
    assert {name: list(lines) for name, lines in look(settings, Lingering()).items()} == WELL
    (settings.data_dir / "tls/leaf.key").unlink()
    assert f"{settings.data_dir}/tls/leaf.key: is missing" in look(settings, Lingering())["faults"]
