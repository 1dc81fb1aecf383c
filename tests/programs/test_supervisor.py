"""The programs as supervisord runs them: each as its own user, none reading what it need not, all ending as one."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import dns.message
import httpx
import pytest

from app.host.supervision import KEEPS_FAILING
from app.onboarding.guides import AFTER_A_MOVE
from app.unbound.reach import ROOT_ANSWERED
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
        assert AFTER_A_MOVE not in " ".join(appliance.log.split())


def test_a_program_that_cannot_be_kept_running_ends_it_all(folder: Path, internet: Internet) -> None:
    environment = settings_in(folder, **internet.environment)
    with socket.create_server(("", int(environment["HOMEDOT_WEB__PORT"]))), (folder / "log").open("wb") as log:
        begun_s = time.monotonic()
        process = subprocess.Popen([START], env=clean(environment), stdout=log, stderr=log, cwd=CHECKOUT)
        assert process.wait(30) == 1
    assert time.monotonic() - begun_s < 20
    text = (folder / "log").read_text()
    assert f"homedot: web {KEEPS_FAILING}" in text
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


class Reader:
    """Whoever reads the log of an appliance, and may stop for a while. The pipe is as short as there is one."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, 4096)
        self._read_on = Event()
        self._thread = Thread(target=self._read)
        self.text = ""
        self.resume()
        self._thread.start()

    def _read(self) -> None:
        while self._read_on.wait() and (octets := os.read(self._reading, 65536)):
            self.text += octets.decode(errors="replace")

    def stall(self) -> None:
        self._read_on.clear()

    def resume(self) -> None:
        self._read_on.set()

    def end(self) -> None:
        os.close(self.writing)
        self.resume()
        self._thread.join(DEADLINE_S)
        os.close(self._reading)


@contextmanager
def read_by_one_who_may_stall(folder: Path, environment: dict[str, str]) -> Iterator[tuple[Appliance, Reader]]:
    (folder / "log").touch()
    reader = Reader()
    process = subprocess.Popen(
        [START], env=clean(environment), stdout=reader.writing, stderr=reader.writing, cwd=CHECKOUT
    )
    ports = int(environment["HOMEDOT_DOT__PORT"]), int(environment["HOMEDOT_WEB__PORT"])
    appliance = Appliance(folder, environment, *ports, process)
    try:
        wait_until_answering(appliance, HOSTNAME)
        yield appliance, reader
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in (*children(process.pid), process.pid):
                os.kill(pid, signal.SIGKILL)
            process.wait(20)
            raise
        finally:
            reader.end()


def ask_long_names(appliance: Appliance, connections: int) -> list[bytes]:
    """The first octets of each answer: to a connection with two queries each for as long a name as there is."""
    context = ssl.create_default_context(cafile=appliance.root)
    answers = []
    for number in range(connections):
        query = dns.message.make_query(f"n{number}.{'.'.join(['x' * 60] * 3)}.local.", "A").to_wire()
        message = len(query).to_bytes(2, "big") + query
        address = ("127.0.0.1", appliance.dot_port)
        with (
            socket.create_connection(address, timeout=5, source_address=("127.0.0.9", 0)) as raw,
            context.wrap_socket(raw, server_hostname=HOSTNAME) as client,
        ):
            client.sendall(message * 2)
            answers.append(client.recv(4))
    return answers


def test_a_log_that_nobody_reads_stops_nothing_and_says_afterwards_how_much_was_lost(
    folder: Path, internet: Internet
) -> None:
    environment = settings_in(folder, **internet.environment, **NO_LIST, HOMEDOT_DOT__LOG_QUERIES="true")
    with read_by_one_who_may_stall(folder, environment) as (appliance, reader):
        started = children(appliance.process.pid)
        reader.stall()
        assert len(ask_long_names(appliance, 600)) == 600
        assert "NOERROR" in kdig(appliance)
        assert httpx.get(f"http://127.0.0.1:{appliance.web_port}/healthz", timeout=5).text == "ok\n"
        end(appliance, "programs web", signal.SIGTERM)  # which the supervisor must notice, and it starts another
        wait_until_answering(appliance, HOSTNAME)
        before = len(reader.text)
        reader.resume()
        deadline_s = time.monotonic() + DEADLINE_S
        # Of 1200 queries and 100 lines about connections; each of the two pipes on the way has lost some.
        while sum(map(int, re.findall(r"(\d+) lines of the log lost: nobody took them", reader.text[before:]))) < 900:
            assert time.monotonic() < deadline_s, reader.text[before:]
            time.sleep(0.05)  # as a reader would
        assert set(started) - set(children(appliance.process.pid)) == {
            pid for pid in started if not Path(f"/proc/{pid}").exists()
        }
        unbound = program(appliance, "unbound")
        os.kill(unbound, signal.SIGKILL)
        while "exited: unbound" not in reader.text:
            assert time.monotonic() < deadline_s
            time.sleep(0.05)  # until it is told
    stamped = [line for line in reader.text[before:].splitlines() if line]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 \w+ +\w+: ", line) for line in stamped[1:])


def test_every_line_of_a_log_for_machines_is_an_object_with_a_time(folder: Path, internet: Internet) -> None:
    environment = settings_in(folder, **internet.environment, **NO_LIST, HOMEDOT_LOG__FORMAT="json")
    with running(folder, environment) as appliance:
        kdig(appliance)
        end(appliance, "unbound", signal.SIGKILL)
        wait_until_answering(appliance, HOSTNAME)
    lines = [json.loads(line) for line in appliance.log.splitlines()]
    assert {line["program"] for line in lines} >= {"homedot", "dot", "web"}
    assert {line["level"] for line in lines} >= {"info", "warning"}
    for line in lines:
        assert set(line) == {"time", "level", "program", "message"}
        assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)
    assert any("opened: TLSv1.3" in line["message"] for line in lines)


def test_a_level_holds_for_everybody(folder: Path, internet: Internet) -> None:
    environment = settings_in(folder, **internet.environment, **NO_LIST, HOMEDOT_LOG__LEVEL="error")
    with running(folder, environment) as appliance:
        kdig(appliance)
        end(appliance, "unbound", signal.SIGKILL)
        wait_until_answering(appliance, HOSTNAME)
    assert appliance.log == ""


@pytest.mark.parametrize("level", ["info", "debug"])
def test_unbound_says_how_it_resolves_if_everything_is_asked_for_and_no_names_else(
    folder: Path, internet: Internet, level: str
) -> None:
    in_json = {"HOMEDOT_LOG__LEVEL": level, "HOMEDOT_LOG__FORMAT": "json"}
    with running(folder, settings_in(folder, **internet.environment, **in_json)) as appliance:
        kdig(appliance)
    lines = [json.loads(line) for line in appliance.log.splitlines()]
    said = [line["message"] for line in lines if line["program"] == "unbound"]
    assert ("info: resolving signed.test. A IN" in said) == (level == "debug")
    assert ("signed.test" in appliance.log) == (level == "debug")


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
        assert [line.partition(" ")[2] for line in said if " lists: " not in line] == [
            "info    homedot: received SIGTERM indicating exit request"
        ]


def test_doctor_finds_nothing_wrong(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, **internet.environment)) as appliance:
        names = ("--bogus-name", "bogus.test", "--slow-name", "d500-doctor.slow.test")
        done = appliance.homedot("doctor", "--all", *names)
        assert done.returncode == 0, done.stdout
        assert "Nothing is wrong." in done.stdout
        pin = re.search(r"^SPKI pin +(\S+)$", done.stdout, re.MULTILINE)
        assert pin is not None
        assert pin[1] in appliance.homedot("setup-phone").stdout


def test_doctor_does_not_try_whether_a_bogus_name_is_refused_that_is_not_there(
    folder: Path, internet: Internet
) -> None:
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
    assert f"recursive: {ROOT_ANSWERED}" in shown


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


def test_few_files_and_processes_are_enough(folder: Path) -> None:
    """As `ulimits` of a container or a service has them; nobody there may raise them."""
    start = folder / "start"
    drop = "setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource"
    start.write_text(f"#!/bin/sh\nulimit -n 96\nulimit -u 100\nexec {drop} {START}\n")
    start.chmod(0o755)
    with running(folder, settings_in(folder, HOMEDOT_RESOLVER__MODE="recursive"), start) as appliance:
        assert "dot.connections: only 32 instead of 1024" in appliance.log


def test_a_stop_is_heard_while_everything_is_prepared(folder: Path) -> None:
    """As process 1, for which a signal without a trap is none."""
    environment = clean(settings_in(folder, HOMEDOT_RESOLVER__MODE="recursive"))
    command = ["unshare", "--pid", "--fork", "--kill-child", str(START)]
    with subprocess.Popen(command, env=environment, cwd=CHECKOUT, stdout=subprocess.DEVNULL) as process:
        while not any("bootstrap" in command_line(pid) for first in children(process.pid) for pid in children(first)):
            assert process.poll() is None
            time.sleep(0.01)  # nothing tells of it
        os.kill(children(process.pid)[0], signal.SIGTERM)
        try:
            assert process.wait(5.0) != 0
        finally:
            process.kill()
    assert not (folder / "run/supervisord.pid").exists()
