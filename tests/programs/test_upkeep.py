import json
import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from app.config.settings import Resolver, Settings
from app.errors import OperatorError
from app.files import stamp
from app.onboarding.enrolment import from_json
from app.programs import paths
from app.programs.bootstrap import SCAN_AGAIN
from app.programs.findings_log import Findings
from app.programs.upkeep import HOUR_S, Round, Task, tasks
from app.trust.authority import NAMES_CHANGED
from app.trust.disk import FULL
from tests.appliance import settings_in
from tests.namespace import Namespace, namespace
from tests.ticking import upkeep


class Box:
    """What a task sees and finds, in a test's hands."""

    def __init__(self) -> None:
        self.situation: object = "as always"
        self.findings: Findings | None = Findings()
        self.now_s = 0.0
        self.done_for: list[object] = []
        self.use(again_after_s=HOUR_S)

    def use(self, again_after_s: float) -> None:
        task = Task(
            name="task", situation=lambda: self.situation, do=self.do, deadline_s=30, again_after_s=again_after_s
        )
        self.round = Round(task, self.in_child, lambda: self.now_s)

    def do(self, situation: object) -> Findings:
        if self.findings is None:
            raise OperatorError("no disk")
        return self.findings

    def in_child(self, _: str, job: Callable[[], object], __: int) -> object:
        """As far as a task can tell; test_event_listener.py has children."""
        self.done_for.append(self.situation)
        return None if self.findings and "hangs" in self.findings.news else json.loads(json.dumps(job()))

    def tick(self) -> int:
        """A minute later; returns how often the task was done."""
        before = len(self.done_for)
        self.now_s += 60
        self.round.tick()
        return len(self.done_for) - before


@pytest.fixture
def box(caplog: pytest.LogCaptureFixture) -> Box:
    caplog.set_level(logging.INFO)
    return Box()


def test_a_task_is_done_at_first_and_then_as_often_as_it_says(box: Box) -> None:
    done = [box.tick() for _ in range(130)]
    assert [minute for minute, times in enumerate(done) if times] == [0, 60, 120]
    box.use(again_after_s=math.inf)
    assert sum(box.tick() for _ in range(130)) == 1


def test_a_task_is_done_at_once_when_something_changed(box: Box) -> None:
    box.tick()
    box.situation = "another address"
    assert [box.tick(), box.tick()] == [1, 0]


def test_a_task_that_has_nothing_to_do_is_left_alone(box: Box) -> None:
    box.situation = None
    assert sum(box.tick() for _ in range(130)) == 0
    box.situation = "something"
    box.tick()
    box.situation = None
    box.tick()
    box.situation = "something"
    assert box.tick() == 0


@pytest.mark.parametrize("findings", [None, Findings(faults=("broken",)), Findings(news=("hangs",))])
def test_a_task_is_done_every_minute_while_it_fails(box: Box, findings: Findings | None) -> None:
    box.tick()
    box.situation, box.findings = "another address", findings
    assert [box.tick() for _ in range(3)] == [1, 1, 1]
    box.situation, box.findings = "as always", Findings()
    assert [box.tick() for _ in range(3)] == [1, 0, 0]


def test_what_a_task_found_is_told_and_a_fault_once(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.findings = Findings(news=("scan again",))
    box.tick()
    box.situation, box.findings = "another address", None
    box.tick()
    box.tick()
    first, second = caplog.messages
    assert first == "scan again"
    assert second.endswith("no disk")


def test_each_task_has_a_name_of_its_own_and_less_than_a_minute() -> None:
    found = tasks(Settings(), {})
    assert [task.name for task in found] == [
        "clock", "certificate", "resolver mode", "root keys", "settings", "bogus answers",
        "block lists in files", "notice", "closer look", "forwarders", "public name",
    ]  # fmt: skip
    often = [task.name for task in found if task.often]
    assert often == ["bogus answers", "block lists in files", "notice", "closer look", "public name"]
    assert all(task.deadline_s < 60 for task in found)


def test_the_keys_of_a_private_root_are_not_kept(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, run_dir=tmp_path)
    followed = paths.followed_anchor(settings)
    followed.parent.mkdir()
    followed.touch()
    private = replace(settings, resolver=Resolver(trust_anchor=followed))
    situations = [tasks(each, {})[3].situation() for each in (settings, private)]
    assert situations == [stamp(followed), None]


@pytest.fixture
def box_apart(folder: Path) -> Iterator[tuple[Namespace, dict[str, str]]]:
    """A network with one LAN address, a volume of 512 kB, and an appliance that has been prepared there."""
    environment = settings_in(folder, HOMEDOT_ADDRESSES="", HOMEDOT_RESOLVER__MODE="recursive")
    (folder / "data").mkdir()
    with namespace() as apart:
        apart.run("mount", "-t", "tmpfs", "-o", "size=512k", "none", str(folder / "data"))
        apart.run("ip", "address", "add", "192.168.77.10/24", "dev", "lo")
        done = apart.bootstrap(environment)
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
        assert f"renewed the certificate: {NAMES_CHANGED} (+192.168.77.20)" in running.log
        assert SCAN_AGAIN not in running.log
        apart.run("ip", "address", "flush", "dev", "lo")
        apart.run("ip", "address", "add", "127.0.0.1/8", "dev", "lo")
        running.tick()
        running.tick()
        assert running.log.count("no LAN address was found") == 1
        assert addresses_served(folder)[0] == ["192.168.77.10", "192.168.77.20"]
        apart.run("ip", "address", "add", "192.168.77.20/24", "dev", "lo")
        running.tick()
        assert addresses_served(folder) == (["192.168.77.20"], {"192.168.77.10", "192.168.77.20"})
        assert SCAN_AGAIN not in running.log


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
        assert f"{folder}/data: {FULL}" in told
        assert told.count(f"Still serving the previous certificate, but {NAMES_CHANGED} (+192.168.77.20)") == 1
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
