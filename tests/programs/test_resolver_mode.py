"""A choice that was made without a network is made again; tests/clients/test_late_network.py has a whole appliance."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.config.settings import Resolver, Settings
from app.errors import OperatorError
from app.programs import bootstrap, paths, resolver, users
from app.programs.findings_log import Findings
from app.programs.resolver import ask, follow, note
from app.programs.resolver_mode import chosen_again, is_settled
from app.trust.authority import NAMES_CHANGED
from app.unbound.reach import REWRITTEN, ROOT_ANSWERED, Choice
from tests.appliance import settings_in
from tests.namespace import Namespace, namespace
from tests.ticking import upkeep

OFFLINE = Choice("recursive", "no network yet", settled=False)
HONEST = Choice("recursive", ROOT_ANSWERED)
INTERCEPTED = Choice("forward", REWRITTEN)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a box that started without a network."""
    settings = Settings(data_dir=tmp_path / "data", run_dir=tmp_path / "run", addresses=(ip_address("192.168.1.10"),))
    monkeypatch.setattr(resolver, "choose", lambda _: OFFLINE)
    bootstrap.run(settings)
    return settings


@pytest.fixture
def restarts(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    asked: list[Path] = []
    monkeypatch.setattr(resolver, "restart_unbound", asked.append)
    return asked


def test_a_start_without_a_network_is_not_settled(settings: Settings) -> None:
    assert not is_settled(settings)


def test_a_start_with_a_network_is_settled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "choose", lambda _: HONEST)
    bootstrap.run(settings)
    assert is_settled(settings)


def test_it_is_chosen_every_minute_until_the_choice_is_settled(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "become", lambda _: None)
    for _ in range(2):
        assert chosen_again(settings, lambda _, job, __: job()) == asdict(OFFLINE)
    note(settings, HONEST)
    assert chosen_again(settings, lambda _, job, __: job()) is None


def test_another_mode_is_written_followed_by_unbound_and_told(settings: Settings, restarts: list[Path]) -> None:
    findings = follow(settings, asdict(INTERCEPTED))
    assert (findings.faults, findings.warnings) == ((), ())
    assert findings.news == (f"the network is there: the resolver was recursive and is now forward: {REWRITTEN}",)
    assert "forward-tls-upstream: yes" in paths.unbound_conf(settings).read_text()
    assert restarts == [settings.run_dir / "supervisord.pid"]
    after = paths.read_enrolment(settings)
    assert (after.resolver, after.resolver_reason) == ("forward", INTERCEPTED.reason)
    assert is_settled(settings)


def test_the_same_mode_only_changes_the_reason(settings: Settings, restarts: list[Path]) -> None:
    written = paths.unbound_conf(settings).stat().st_mtime_ns
    before = paths.read_enrolment(settings)
    findings = follow(settings, asdict(HONEST))
    assert findings.news == (f"the network is there: the resolver stays recursive: {ROOT_ANSWERED}",)
    assert restarts == []
    assert paths.unbound_conf(settings).stat().st_mtime_ns == written
    after = paths.read_enrolment(settings)
    assert after.resolver_reason == HONEST.reason
    assert after.addresses == before.addresses
    assert is_settled(settings)


def test_another_reason_without_a_network_is_shown_and_no_news(settings: Settings, restarts: list[Path]) -> None:
    alone = Choice("recursive", f"{REWRITTEN}, and no forwarder can be reached", settled=False)
    assert follow(settings, asdict(alone)) == Findings()
    assert paths.read_enrolment(settings).resolver_reason == alone.reason
    assert restarts == []
    assert not is_settled(settings)


def test_what_unbound_refuses_leaves_everything_as_it_was(
    settings: Settings, restarts: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperatorError("unbound refuses it")

    before = paths.unbound_conf(settings).read_bytes(), paths.read_enrolment(settings)
    monkeypatch.setattr(resolver.checkconf, "check", refuse)  # type: ignore[attr-defined]
    with pytest.raises(OperatorError, match=r"^unbound refuses it$"):
        follow(settings, asdict(INTERCEPTED))
    assert (paths.unbound_conf(settings).read_bytes(), paths.read_enrolment(settings)) == before
    assert restarts == []
    assert not is_settled(settings)


def test_without_a_supervisor_it_is_tried_again(settings: Settings) -> None:
    with pytest.raises(OperatorError, match=f"^{settings.run_dir}/supervisord.pid: unbound cannot be restarted"):
        follow(settings, asdict(INTERCEPTED))
    assert paths.read_enrolment(settings).resolver == "recursive"
    assert not is_settled(settings)


def test_what_it_hears_can_travel_as_json(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "choose", lambda _: HONEST)
    assert ask(settings) == {"mode": "recursive", "reason": ROOT_ANSWERED, "settled": True}


def test_a_file_that_cannot_be_used_is_a_finding(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(users, "find", lambda _: None)
    broken = Settings(run_dir=settings.run_dir, resolver=Resolver(root_hints=settings.run_dir / "gone"))
    asked = ask(broken)
    assert "gone cannot be read" in asked["faults"][0]
    with pytest.raises(OperatorError, match="gone cannot be read"):
        follow(settings, asked)


@pytest.fixture
def box_apart(folder: Path) -> Iterator[tuple[Namespace, dict[str, str]]]:
    """A box with one LAN address and no network beyond, after its start."""
    hints = folder / "root.hints"
    hints.write_text(". 60 NS a.\na. 60 A 192.0.2.1\n")
    environment = settings_in(
        folder, HOMEDOT_ADDRESSES="", HOMEDOT_RESOLVER__MODE="auto", HOMEDOT_RESOLVER__ROOT_HINTS=str(hints)
    )
    with namespace() as apart:
        apart.run("ip", "address", "add", "192.168.77.10/24", "dev", "lo")
        done = apart.bootstrap(environment)
        assert "recursive: no network yet" in done.stdout, done.stderr
        yield apart, environment


@pytest.mark.server
def test_the_certificate_is_renewed_also_when_the_choice_cannot_be_made(
    folder: Path, box_apart: tuple[Namespace, dict[str, str]]
) -> None:
    apart, environment = box_apart
    with upkeep(folder, environment, apart.enter) as running:
        (folder / "root.hints").write_text("nonsense")
        running.tick()
        apart.run("ip", "address", "add", "192.168.77.20/24", "dev", "lo")
        running.tick()
        assert f"renewed the certificate: {NAMES_CHANGED} (+192.168.77.20)" in running.log
        assert running.log.count("resolver.root_hints: ") == 1


@pytest.mark.server
def test_upkeep_is_calm_while_there_is_no_network(folder: Path, box_apart: tuple[Namespace, dict[str, str]]) -> None:
    apart, environment = box_apart
    with upkeep(folder, environment, apart.enter) as running:
        running.tick()
        running.tick()
        assert running.log == ""
        loaded = Path(f"/proc/{running.process.pid}/maps").read_text()
        assert "_ssl" not in loaded


@pytest.mark.server
def test_who_asks_the_network_can_read_no_key(folder: Path) -> None:
    key = folder / "key"
    key.touch(0o600)
    program = f"""
import os
from app.programs import users
users.become(users.UNBOUND)
print(os.getuid() == os.getgid() == 0, os.getgroups(), os.access({str(key)!r}, os.R_OK), end=" ")
print(open("/proc/self/status").read().partition("CapEff:")[2].split()[0])
"""
    checkout = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=checkout)
    assert done.stdout == f"False [] False {0:016x}\n"
