import logging
import os
import shutil
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from app.config.settings import Resolver, Settings
from app.host.grace_period import GRACE_S, Lingering
from app.host.wall_clock import LEAST_S, WallClock
from app.lists.places import turn
from app.onboarding.enrolment import from_json
from app.programs import bootstrap, paths, renewal
from app.programs.renewal import LOOK_AT_LEAST_EVERY_S, Renewal, look, situation
from app.trust import clock
from tests.appliance import settings_in
from tests.fakes.clock import Clock
from tests.namespace import Namespace, namespace
from tests.ticking import upkeep

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
    bootstrap.bootstrap(settings)
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
    bootstrap.bootstrap(settings)
    assert {name: list(lines) for name, lines in look(settings, Lingering()).items()} == WELL
    (settings.data_dir / "tls/leaf.key").unlink()
    assert f"{settings.data_dir}/tls/leaf.key: is missing" in look(settings, Lingering())["faults"]


@pytest.fixture
def box_apart(folder: Path) -> Iterator[tuple[Namespace, dict[str, str]]]:
    """A network with one LAN address, a volume of 512 kB, and an appliance that has been prepared there."""
    environment = settings_in(folder, HOMEDOT_ADDRESSES="", HOMEDOT_RESOLVER__MODE="recursive")
    (folder / "data").mkdir()
    with namespace() as apart:
        apart.run("mount", "-t", "tmpfs", "-o", "size=512k", "none", str(folder / "data"))
        apart.run("ip", "address", "add", "192.168.77.10/24", "dev", "lo")
        done = apart.homedot(environment, "bootstrap")
        assert done.returncode == 0, done.stderr
        yield apart, environment


def addresses_served(folder: Path) -> tuple[list[str], set[str]]:
    """Those in the enrolment, and those in the certificate, loopback left out."""
    told = from_json((folder / "run/public/enrolment.json").read_text()).addresses
    chain = x509.load_pem_x509_certificates((folder / "run/tls/pair.pem").read_bytes())
    names = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    certified = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return [str(address) for address in told], certified - {"127.0.0.1", "::1"}


@pytest.mark.server
def test_upkeep_follows_the_addresses_of_the_machine(folder: Path, box_apart: tuple[Namespace, dict[str, str]]) -> None:
    apart, environment = box_apart
    with upkeep(folder, environment, apart.enter) as running:
        running.tick()
        assert addresses_served(folder) == (["192.168.77.10"], {"192.168.77.10"})
        assert running.log == ""
        apart.run("ip", "address", "add", "192.168.77.20/24", "dev", "lo")
        running.tick()
        assert addresses_served(folder) == (["192.168.77.10", "192.168.77.20"], {"192.168.77.10", "192.168.77.20"})
        assert "renewed the certificate: its names changed (+192.168.77.20)" in running.log
        assert "every device must scan the code again" not in running.log
        apart.run("ip", "address", "flush", "dev", "lo")
        apart.run("ip", "address", "add", "127.0.0.1/8", "dev", "lo")
        running.tick()
        running.tick()
        assert running.log.count("no LAN address was found") == 1
        assert addresses_served(folder)[0] == ["192.168.77.10", "192.168.77.20"]
        apart.run("ip", "address", "add", "192.168.77.20/24", "dev", "lo")
        running.tick()
        assert addresses_served(folder) == (["192.168.77.20"], {"192.168.77.10", "192.168.77.20"})
        assert "every device must scan the code again" not in running.log


@pytest.mark.server
def test_a_renewal_on_a_full_disk_is_told_once_and_what_was_served_is_served_on(
    folder: Path, box_apart: tuple[Namespace, dict[str, str]]
) -> None:
    apart, environment = box_apart
    pair = (folder / "run/tls/pair.pem").read_bytes()
    filler = str(folder / "data/filler")
    with upkeep(folder, environment, apart.enter) as running:
        apart.run("sh", "-c", f"! dd if=/dev/zero of={filler} bs=1k 2>&1")
        apart.run("ip", "address", "add", "192.168.77.20/24", "dev", "lo")
        running.tick()
        running.tick()
        assert (folder / "run/tls/pair.pem").read_bytes() == pair
        told = running.log
        assert f"{folder}/data: cannot be written, the disk is full: free some space" in told
        assert told.count("The certificate there is served on, but its names changed (+192.168.77.20)") == 1
        assert "Traceback" not in told
        running.tick()
        assert running.log == told
        apart.run("rm", filler)
        apart.run("ip", "address", "del", "192.168.77.20/24", "dev", "lo")
        apart.run("ip", "address", "add", "192.168.77.30/24", "dev", "lo")
        running.tick()
        assert addresses_served(folder) == (
            ["192.168.77.10", "192.168.77.30"],
            {"192.168.77.10", "192.168.77.20", "192.168.77.30"},
        )


@pytest.mark.server
def test_upkeep_stays_small(folder: Path, box_apart: tuple[Namespace, dict[str, str]]) -> None:
    apart, environment = box_apart
    with upkeep(folder, environment, apart.enter) as running:
        running.tick()
        loaded = Path(f"/proc/{running.process.pid}/maps").read_text()
        assert "cryptography" not in loaded
        rollup = Path(f"/proc/{running.process.pid}/smaps_rollup").read_text()
        proportional_kb = int(rollup.partition("\nPss:")[2].split()[0])
        print(f"upkeep has {proportional_kb} kB of its own")
        assert proportional_kb < 14 * 1024
