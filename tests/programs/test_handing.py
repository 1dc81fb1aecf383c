"""Programs have their settings from bootstrap: the operator's files may be root's alone, or be gone."""

import os
import signal
import time
from pathlib import Path

import pytest

from app.config.load import load
from app.errors import OperatorError
from app.host import memory
from app.programs import handing, paths, users
from tests.appliance import Appliance, children, running, settings_in
from tests.config.test_public import WHOLE
from tests.fakes.pki import Authority
from tests.internet import Internet

NAME = "dns.example.org"
DEADLINE_S = 20.0
PROGRAMS = (users.DOT, users.WEB, users.LISTS)


def test_each_user_has_a_copy_of_its_own(tmp_path: Path) -> None:
    loaded = load({"HOMEDOT_RUN_DIR": str(tmp_path / "run"), "HOMEDOT_DOT__PORT": "8853", "HOMEDOT_WEB__PORT": "8854"})
    handing.hand_on(loaded)
    for user in users.OF_PROGRAMS:
        copy = paths.handed(tmp_path / "run", user)
        assert copy.stat().st_mode & 0o777 == 0o640
        assert handing.taken(copy).settings == loaded.settings


def test_programs_are_told_of_a_copy_of_the_operators_certificates_and_root_of_the_file(tmp_path: Path) -> None:
    own, run_dir = tmp_path / "own.pem", tmp_path / "run"
    handing.hand_on(load({"HOMEDOT_RUN_DIR": str(run_dir), "HOMEDOT_RESOLVER__CA_BUNDLE": str(own)}))
    bundles = {user: handing.taken(paths.handed(run_dir, user)).settings.resolver.ca_bundle for user in PROGRAMS}
    assert bundles == dict.fromkeys(PROGRAMS, run_dir / "for-unbound/ca/own.pem")
    assert handing.taken(paths.handed(run_dir, users.ROOT)).settings.resolver.ca_bundle == own


def test_a_secret_is_in_the_copy_of_root_alone(tmp_path: Path) -> None:
    given = {"HOMEDOT_RUN_DIR": str(tmp_path / "run"), **WHOLE}
    handing.hand_on(load(given))
    has = {user: b"t0ken" in paths.handed(tmp_path / "run", user).read_bytes() for user in users.OF_PROGRAMS}
    assert has == {users.ROOT: True, users.DOT: False, users.WEB: False, users.LISTS: False}


def test_block_lists_give_way_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"HOMEDOT_BLOCKING__DENY": "bad.example"}
    assert handing.wanted(given).settings == load(given).settings
    monkeypatch.setattr(memory, "shortage", lambda: "little")
    settings = handing.wanted(given).settings
    assert (settings.blocking.lists, settings.blocking.deny) == ((), ("bad.example",))


def test_a_copy_that_is_gone_is_told_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="restart Homedot"):
        handing.taken(tmp_path / "none.json")


def environment_with_files_of_root(folder: Path, internet: Internet) -> dict[str, str]:
    """As certbot makes them, and as an administrator with umask 077 does."""
    authority = Authority()
    leaf = authority.intermediate.sign(NAME, names=[NAME], addresses=["127.0.0.1"])
    live, archive, own = folder / "le/live", folder / "le/archive", folder / "config"
    for each in (live, archive, own / "unbound.d"):
        each.mkdir(parents=True)
    for name, content in (("fullchain", leaf.pem + authority.intermediate.pem), ("privkey", leaf.key_pem)):
        (archive / f"{name}1.pem").write_bytes(content)
        (archive / f"{name}1.pem").chmod(0o600)
        (live / f"{name}.pem").symlink_to(f"../archive/{name}1.pem")
    (own / "unbound.d/own.conf").write_text('server:\n  local-data: "own.unsigned.test. A 192.0.2.99"\n')
    (own / "unbound.d/own.conf").chmod(0o600)
    (own / "homedot.yaml").write_text(
        f"hostname: {NAME}\ntls:\n  certificate: {live}/fullchain.pem\n  key: {live}/privkey.pem\n"
        f"resolver:\n  snippets: {own}/unbound.d\n"
    )
    (own / "homedot.yaml").chmod(0o600)
    for each in (live, archive, own):
        each.chmod(0o700)
    (own / "ca.pem").write_bytes(internet.ca_bundle.read_bytes())
    (own / "ca.pem").chmod(0o600)
    more = {"HOMEDOT_RESOLVER__CA_BUNDLE": str(own / "ca.pem"), "HOMEDOT_CONFIG": str(own / "homedot.yaml")}
    return settings_in(folder, HOMEDOT_HOSTNAME=NAME, **internet.environment, **more)


def restart(appliance: Appliance) -> None:
    """End every program, and wait until each is back."""
    before = set(children(appliance.process.pid))
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    deadline_s = time.monotonic() + DEADLINE_S
    while len(set(children(appliance.process.pid)) - before) < len(before):
        assert time.monotonic() < deadline_s, appliance.log
        time.sleep(0.05)  # nobody tells when a program is back
    while appliance.homedot("healthcheck").returncode:
        assert time.monotonic() < deadline_s, appliance.log
        time.sleep(0.1)


@pytest.mark.server
def test_what_only_root_may_read_serves_and_what_is_gone_ends_nothing(folder: Path, internet: Internet) -> None:
    environment = environment_with_files_of_root(folder, internet)
    with running(folder, environment) as appliance:
        assert appliance.homedot("healthcheck").stderr == ""
        (folder / "config/homedot.yaml").write_text("hostname: dns.home.arpa\nblcking: {}\n")
        (folder / "le/live/fullchain.pem").unlink()
        assert appliance.homedot("config").returncode == 2
        healthy = appliance.homedot("healthcheck")
        assert (healthy.returncode, healthy.stderr) == (0, "")
        restart(appliance)
        assert "keeps failing" not in appliance.log


@pytest.mark.server
def test_the_box_is_healthy_though_it_may_not_ask_itself(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, **internet.environment)) as appliance:
        environment = dict(appliance.environment)
    environment["HOMEDOT_DOT__ALLOW_FROM"] = "192.168.1.0/24"
    with running(folder, environment) as appliance:
        healthy = appliance.homedot("healthcheck")
        assert (healthy.returncode, healthy.stderr) == (0, "")
