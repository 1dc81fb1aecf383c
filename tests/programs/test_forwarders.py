import json
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.config.forwarding import Forwarder
from app.config.settings import Resolver, Settings
from app.host.grace_period import GracePeriod
from app.programs import bootstrap, forwarders, paths, users
from app.programs.findings_log import Findings
from app.programs.forwarders import blame

FIRST, SECOND = Forwarder(ip_address("192.0.2.1"), 53), Forwarder(ip_address("192.0.2.2"), 853, "dns.example")
TOLD = "the forwarder dns.example leaves DNSSEC signatures out, so names that it is asked for fail"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(
        data_dir=tmp_path / "data",
        run_dir=tmp_path / "run",
        addresses=(ip_address("192.168.1.10"),),
        resolver=Resolver(mode="forward", forward=(FIRST, SECOND)),
    )
    bootstrap.run(made)
    return made


@pytest.fixture
def leaving_out(monkeypatch: pytest.MonkeyPatch) -> list[Forwarder]:
    """Those that leave signatures out, as whoever asks them finds."""
    found: list[Forwarder] = []

    def in_child(_: str, job: Callable[[], object], __: int) -> object:
        return json.loads(json.dumps(job()))

    monkeypatch.setattr(forwarders, "in_child", in_child)
    monkeypatch.setattr(forwarders, "left_out_by", lambda *_: found)
    return found


def faults(settings: Settings) -> tuple[str, ...]:
    return paths.read_enrolment(settings).resolver_faults


def test_a_forwarder_that_leaves_signatures_out_is_named_until_it_does_not(
    settings: Settings, leaving_out: list[Forwarder]
) -> None:
    assert blame(settings).faults == faults(settings) == ()
    leaving_out.append(SECOND)
    (told,) = blame(settings).faults
    assert told.startswith(TOLD)
    assert faults(settings) == (told,)
    leaving_out.clear()
    findings = blame(settings)
    assert (findings.faults, findings.news) == ((), (f"no more: {told}",))
    assert faults(settings) == ()


def test_who_recurses_asks_no_forwarder(settings: Settings, leaving_out: list[Forwarder]) -> None:
    path = paths.enrolment(settings)
    path.write_text(replace(paths.read_enrolment(settings), resolver="recursive").to_json())
    leaving_out.append(SECOND)
    assert blame(settings) == Findings()


def test_nothing_is_told_when_nobody_could_ask(
    settings: Settings, leaving_out: list[Forwarder], monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving_out.append(SECOND)
    blame(settings)
    monkeypatch.setattr(forwarders, "in_child", lambda *_: None)
    assert blame(settings) == Findings()
    assert len(faults(settings)) == 1


def test_a_renewal_forgets_no_fault(settings: Settings, leaving_out: list[Forwarder]) -> None:
    leaving_out.append(SECOND)
    blame(settings)
    bootstrap.identify(settings, GracePeriod())
    assert len(faults(settings)) == 1


def test_who_asks_has_become_unbounds_user(
    settings: Settings, leaving_out: list[Forwarder], monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[str] = []
    monkeypatch.setattr(users, "become", became.append)
    blame(settings)
    assert became == [users.UNBOUND]
