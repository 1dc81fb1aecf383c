"""The programs as supervisord runs them: each as its own user, none reading what it need not, all ending as one."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.appliance import (
    CHECKOUT,
    DEADLINE_S,
    HOSTNAME,
    START,
    Appliance,
    bootstrap,
    children,
    clean,
    command_line,
    homedot,
    owner,
    running,
    settings_in,
    wait_until_answering,
)
from tests.internet import Internet

pytestmark = pytest.mark.server

NO_LIST = {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": "/nowhere.txt"}
"""The program that keeps the lists runs, and has nothing to fetch."""


STARTSECS_S = 3.0


def program(appliance: Appliance, words: str) -> int:
    """The process id of the program whose command line holds `words`."""
    return next(pid for pid in children(appliance.process.pid) if words in command_line(pid))


def kdig(appliance: Appliance) -> str:
    """Asked from an address whose connections are logged."""
    command = ["kdig", "@127.0.0.1", "-b", "127.0.0.9", "-p", str(appliance.dot_port), "+tls", "signed.test"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


def end(appliance: Appliance, words: str, number: signal.Signals) -> None:
    """Signal a program, and wait until it is gone."""
    pid = program(appliance, words)
    os.kill(pid, number)
    while pid in children(appliance.process.pid):
        time.sleep(0.01)  # until supervisord has noticed


def test_every_program_facing_the_network_has_a_user_of_its_own(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, **internet.environment, **NO_LIST)) as appliance:
        owners = {
            words: owner(program(appliance, words))
            for words in ("programs front", "programs web", "programs lists", "unbound")
        }
        assert len(set(owners.values())) == 4
        assert 0 not in owners.values()


def test_a_program_whose_port_anybody_may_bind_has_no_capability(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, **internet.environment, **NO_LIST)) as appliance:
        for words in ("programs front", "programs web", "programs lists", "unbound"):
            status = Path(f"/proc/{program(appliance, words)}/status").read_text()
            assert "CapEff:\t0000000000000000\n" in status, words


@pytest.mark.parametrize(
    ("file", "readers"),
    [
        ("data/ca/intermediate.key", set()),
        ("data/tls/leaf.key", set()),
        ("data/old.*/ca/intermediate.key", set()),
        ("data/old.*/tls/leaf.key", set()),
        ("run/tls/pair.pem", {"homedot-dot"}),
        ("run/public/root.pem", {"homedot-dot", "homedot-lists", "homedot-web", "unbound"}),
    ],
)
def test_no_program_can_read_a_secret_that_is_not_its_own(
    folder: Path, internet: Internet, file: str, readers: set[str]
) -> None:
    environment = settings_in(folder, **internet.environment)
    assert bootstrap(environment).returncode == 0
    assert homedot(environment, "ca", "new", "--yes").returncode == 0
    (path,) = folder.glob(file)
    able = set()
    for user in ("homedot-dot", "homedot-lists", "homedot-web", "unbound"):
        drop = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "head", "-c1", str(path)]
        if subprocess.run(drop, capture_output=True, check=False).returncode == 0:
            able.add(user)
    assert able == readers


def test_a_restart_keeps_root_pin_and_profile(folder: Path, internet: Internet) -> None:
    environment = settings_in(folder, **internet.environment)
    seen = []
    for _ in range(2):
        with running(folder, environment) as appliance:
            profile = subprocess.run(
                ["curl", "-fsS", f"http://127.0.0.1:{appliance.web_port}/homedot.mobileconfig"],
                capture_output=True,
                check=True,
            ).stdout
            seen.append((appliance.root.read_bytes(), appliance.homedot("setup-phone").stdout, profile))
    assert seen[0] == seen[1]


def test_a_copy_of_the_volume_is_the_same_homedot(folder: Path, internet: Internet) -> None:
    environment = settings_in(folder, **internet.environment)
    assert bootstrap(environment).returncode == 0
    root = (folder / "run/public/root.pem").read_bytes()
    shutil.copytree(folder / "data", folder / "backup")
    for name in ("data", "run"):
        shutil.rmtree(folder / name)
    (folder / "backup").rename(folder / "data")
    with running(folder, environment) as appliance:
        assert appliance.root.read_bytes() == root
        assert "scan the code and install the profile again" not in appliance.log


def test_a_program_that_cannot_be_kept_running_ends_it_all(folder: Path, internet: Internet) -> None:
    environment = settings_in(folder, **internet.environment)
    with socket.create_server(("", int(environment["HOMEDOT_WEB__PORT"]))), (folder / "log").open("wb") as log:
        begun_s = time.monotonic()
        process = subprocess.Popen([START], env=clean(environment), stdout=log, stderr=log, cwd=CHECKOUT)
        assert process.wait(30) == 1
    assert time.monotonic() - begun_s < 20
    text = (folder / "log").read_text()
    assert "homedot: web cannot be kept running; stopping" in text
    assert f"web.port: {environment['HOMEDOT_WEB__PORT']} is taken" in text


@pytest.mark.parametrize("words", ["programs front", "unbound"])
def test_a_program_that_is_killed_comes_back(folder: Path, internet: Internet, words: str) -> None:
    with running(folder, settings_in(folder, **internet.environment)) as appliance:
        end(appliance, words, signal.SIGKILL)
        wait_until_answering(appliance, "dns.home.arpa")


def test_a_program_that_ends_well_comes_back(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, **internet.environment, **NO_LIST)) as appliance:
        time.sleep(STARTSECS_S + 1)  # before, supervisord takes any end for a start that failed
        for words in ("programs front", "programs web", "programs lists", "programs upkeep", "unbound"):
            end(appliance, words, signal.SIGTERM)
        deadline_s = time.monotonic() + DEADLINE_S
        while len(children(appliance.process.pid)) < 5:
            assert time.monotonic() < deadline_s
            time.sleep(0.01)  # until supervisord has started them all
        wait_until_answering(appliance, "dns.home.arpa")


def test_serves_when_the_disk_below_the_log_is_full(folder: Path, internet: Internet) -> None:
    environment = settings_in(folder, **internet.environment, **NO_LIST)
    (folder / "log").touch()
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen([START], env=clean(environment), stdout=full, stderr=full, cwd=CHECKOUT)
    ports = int(environment["HOMEDOT_DOT__PORT"]), int(environment["HOMEDOT_WEB__PORT"])
    appliance = Appliance(folder, environment, *ports, process)
    try:
        wait_until_answering(appliance, HOSTNAME)
        started = children(process.pid)
        assert "NOERROR" in kdig(appliance)  # which is worth lines of the log
        time.sleep(1)  # until they would have been written
        assert children(process.pid) == started
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_nothing_is_logged_to_a_file_that_only_grows(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, **internet.environment)) as appliance:
        open_files = {str(path.readlink()) for path in Path(f"/proc/{appliance.process.pid}/fd").iterdir()}
        log = str(folder / "log")
        assert log in open_files
        assert {name for name in open_files if name.startswith("/") and not name.startswith("/dev/")} == {log}


def test_sigterm_ends_everything_with_0_also_with_clients_connected(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, **internet.environment, **NO_LIST)) as appliance, ExitStack() as clients:
        context = ssl.create_default_context(cafile=appliance.root)
        for _ in range(20):
            raw = clients.enter_context(socket.create_connection(("127.0.0.1", appliance.dot_port)))
            clients.enter_context(context.wrap_socket(raw, server_hostname=HOSTNAME))
        started = children(appliance.process.pid)
        assert len(started) == 5
        before = appliance.log
        begun_s = time.monotonic()
        appliance.process.send_signal(signal.SIGTERM)
        assert appliance.process.wait(20) == 0
        assert time.monotonic() - begun_s < 3
        assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
        said = appliance.log.removeprefix(before).splitlines()
        assert [line for line in said if not line.startswith("lists: ")] == [
            "homedot: received SIGTERM indicating exit request"
        ]


def test_doctor_finds_nothing_wrong(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, **internet.environment)) as appliance:
        done = appliance.homedot("doctor", "--bogus-name", "bogus.test", "--slow-name", "d500-doctor.slow.test")
        assert done.returncode == 0, done.stdout
        assert ", 0 fail, 0 cannot tell" in done.stdout
        pin = re.search(r"^SPKI pin +(\S+)$", done.stdout, re.MULTILINE)
        assert pin is not None
        assert pin[1] in appliance.homedot("setup-phone").stdout


def test_doctor_cannot_tell_whether_a_bogus_name_is_refused_that_is_not_there(folder: Path, internet: Internet) -> None:
    """In a private internet there is no dnssec-failed.org, which is nobody's fault."""
    with running(folder, settings_in(folder, **internet.environment)) as appliance:
        done = appliance.homedot("doctor", "--json")
    report = json.loads(done.stdout)
    verdicts = {check["name"]: check["verdict"] for check in report["checks"]}
    assert (done.returncode, report["verdict"]) == (0, "pass")
    assert [name for name, verdict in verdicts.items() if verdict != "pass"] == ["bogus name"]


def test_doctor_fails_when_a_name_is_answered_that_must_not_be(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, **internet.environment)) as appliance:
        done = appliance.homedot("doctor", "--bogus-name", "signed.test")
    assert done.returncode == 1
    assert "signed.test is answered, though its signatures are wrong" in done.stdout


def test_auto_recurses_where_a_root_server_answers(folder: Path, internet: Internet) -> None:
    settings = settings_in(folder, **internet.environment | {"HOMEDOT_RESOLVER__MODE": "auto"})
    shown = bootstrap(settings).stdout
    assert "recursive: a root server answered" in shown


def test_auto_forwards_over_tls_where_no_root_server_answers(folder: Path, internet: Internet) -> None:
    hints = folder / "dead.hints"
    hints.write_text(f". 3600000 IN NS ns.\nns. 3600000 IN A {internet.address(66)}\n")
    environment = settings_in(
        folder,
        HOMEDOT_RESOLVER__MODE="auto",
        HOMEDOT_RESOLVER__ROOT_HINTS=str(hints),
        HOMEDOT_RESOLVER__TRUST_ANCHOR=str(internet.trust_anchor),
        HOMEDOT_RESOLVER__FORWARD=internet.forwarder_tls,
        HOMEDOT_RESOLVER__CA_BUNDLE=str(internet.ca_bundle),
    )
    with running(folder, environment) as appliance:
        assert "Resolver      forward" in appliance.log
        done = appliance.homedot("doctor")
        assert done.returncode == 0, done.stdout  # a name is answered, and validated
