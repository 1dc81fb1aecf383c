"""SIGHUP: what the operator changed is looked at now, and nothing ends."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import dns.rcode
import pytest

from app.config.load import load
from app.errors import SettingsError
from app.host.supervision import RENEWING
from app.programs import handing, paths, reloading, users
from tests.appliance import HOSTNAME, Appliance, children, running, settings_in
from tests.clients.asking import ask
from tests.clients.conftest import Box
from tests.internet import Internet

DEADLINE_S = 30.0


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "homedot.yaml"


@pytest.fixture
def environment(tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of a box that was started with no settings but its folder."""
    own.write_text("")
    given = {"HOMEDOT_RUN_DIR": str(tmp_path / "run"), "HOMEDOT_CONFIG": str(own)}
    handing.hand_on(load(given))
    monkeypatch.setattr(reloading, "restart_programs", lambda _: None)
    return given | {handing.VARIABLE: str(paths.handed(tmp_path / "run", users.ROOT))}


def test_what_only_programs_read_is_in_force_at_once_and_the_rest_later(environment: dict[str, str], own: Path) -> None:
    settings = handing.in_force(environment).settings
    own.write_text("blocking: {deny: bad.example, enabled: false}\ndot: {connections: 99, port: 8530}\n")
    found = reloading.reload(settings, environment)
    assert found.news == (
        "in force now: dot.connections, blocking.deny",
        f"dot.port: {reloading.LATER}",
        f"blocking.enabled: {reloading.LATER}",
    )
    now = handing.in_force(environment).settings
    assert (now.dot.connections, now.blocking.deny, now.dot.port, now.blocking.enabled) == (
        99,
        ("bad.example",),
        853,
        True,
    )
    assert reloading.reload(settings, environment).news == found.news[1:]


def test_whoever_wants_queries_in_the_log_need_not_restart(environment: dict[str, str], own: Path) -> None:
    settings = handing.in_force(environment).settings
    own.write_text("log: {queries: true, queries_of: blocked, format: json}\n")
    assert reloading.reload(settings, environment).news == (
        "in force now: log.queries, log.queries_of",
        f"log.format: {reloading.LATER}",
    )


def test_what_is_taken_out_of_the_file_is_its_default_again(environment: dict[str, str], own: Path) -> None:
    settings = handing.in_force(environment).settings
    own.write_text("dot: {connections: 99}\n")
    reloading.reload(settings, environment)
    own.write_text("")
    assert reloading.reload(settings, environment).news == ("in force now: dot.connections",)
    assert handing.in_force(environment).settings == settings


def test_a_mistake_leaves_all_as_it_was(environment: dict[str, str], own: Path) -> None:
    settings = handing.in_force(environment).settings
    own.write_text("blcking: {deny: bad.example}\n")
    with pytest.raises(SettingsError, match="did you mean"):
        reloading.reload(settings, environment)
    assert handing.in_force(environment).settings == settings


@pytest.mark.parametrize(
    ("first", "then", "fault"),
    [
        (
            "hostname: nas.example.org\n",
            "hostname: dns.example.org\nlocal: {nas.example.org: 192.168.1.5}\n",
            "local: nas.example.org: is the setting hostname, and has the addresses of the setting addresses: remove "
            "it here; or restart the container, because what you changed of hostname counts from the next start",
        ),
        (
            "hostname: nas.example.org\n",
            "hostname: dns.example.org\nlocal: {_dns.nas.example.org: 192.168.1.5}\n",
            "local: _dns.nas.example.org: would have no effect",
        ),
    ],
)
def test_what_goes_with_the_settings_of_the_next_start_only_is_refused(
    environment: dict[str, str], own: Path, first: str, then: str, fault: str
) -> None:
    own.write_text(first)
    handing.hand_on(load({name: value for name, value in environment.items() if name != handing.VARIABLE}))
    settings = handing.in_force(environment).settings
    own.write_text(f"{then}blocking: {{deny: bad.example}}\n")
    with pytest.raises(SettingsError) as told:
        reloading.reload(settings, environment)
    assert told.value.faults[0].startswith(fault)
    assert handing.in_force(environment).settings == settings


def test_a_first_list_waits_for_the_program_that_reads_it(environment: dict[str, str], own: Path) -> None:
    own.write_text("blocking: {lists: []}\n")
    assert reloading.reload(handing.in_force(environment).settings, environment).news == (
        "in force now: blocking.lists",
    )
    own.write_text("blocking: {lists: /a.txt, deny: bad.example}\n")
    assert reloading.reload(handing.in_force(environment).settings, environment).news == (
        "in force now: blocking.deny",
        f"blocking.lists: {reloading.LATER}",
    )


def until(true: Callable[[], object], appliance: Appliance) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline_s, appliance.log
        time.sleep(0.05)  # until upkeep has looked


@pytest.mark.server
def test_sighup_renews_and_ends_nothing(folder: Path, internet: Internet) -> None:
    own = folder / "homedot.yaml"
    own.write_text("")
    environment = settings_in(folder, HOMEDOT_CONFIG=str(own), **internet.environment)
    environment["HOMEDOT_BLOCKING__ENABLED"] = "true"
    environment["HOMEDOT_BLOCKING__LISTS"] = str(folder / "list.txt")
    (folder / "list.txt").write_text("on.a.list.test\n")
    with running(folder, environment) as appliance:
        box = Box(appliance, HOSTNAME, appliance.root)

        def is_denied() -> bool:
            response = ask(box, "www.unsigned.test")
            return response.rcode() == dns.rcode.NOERROR and "0.0.0.0" in response.to_text()

        assert not is_denied()
        unbound, *_ = children(appliance.process.pid)
        own.write_text("blocking:\n  deny: [unsigned.test\n")
        appliance.process.send_signal(signal.SIGHUP)
        until(lambda: "is not YAML: line" in appliance.log, appliance)
        assert not is_denied()
        own.write_text("blocking:\n  deny: [unsigned.test]\nweb:\n  port: 18853\n")
        appliance.process.send_signal(signal.SIGHUP)
        until(lambda: "in force now: blocking.deny" in appliance.log, appliance)
        until(lambda: not appliance.homedot("healthcheck").returncode and is_denied(), appliance)
        assert appliance.log.count(RENEWING) == 2
        assert appliance.process.poll() is None
        assert unbound in children(appliance.process.pid)
