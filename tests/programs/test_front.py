"""The front door's processes: several workers on one port, plain DNS beside it, live counts."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import httpx
import pytest

from tests.appliance import (
    HOSTNAME,
    PROGRAMS,
    Appliance,
    bootstrap,
    children,
    clean,
    command_line,
    free_ports,
    running,
    settings_in,
    wait_until_answering,
)
from tests.internet import Internet

pytestmark = pytest.mark.server


def front(appliance: Appliance) -> int:
    return next(pid for pid in children(appliance.process.pid) if "programs front" in command_line(pid))


def kdig(port: int, *arguments: str) -> str:
    command = ["kdig", "@127.0.0.1", "-p", str(port), "+retry=0", "+timeout=5", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout


def metrics(appliance: Appliance) -> dict[str, int]:
    url = f"http://127.0.0.1:{appliance.web_port}/metrics"
    text = subprocess.run(["curl", "-fsS", url], capture_output=True, text=True, check=True).stdout
    return {name: int(value) for name, value in re.findall(r"^(\w+) (\d+)$", text, re.MULTILINE)}


def test_workers_share_the_port_the_counts_and_the_tickets(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, HOMEDOT_DOT__WORKERS="3", **internet.environment)) as appliance:
        assert len(children(front(appliance))) == 3
        before = metrics(appliance)["homedot_queries_total"]
        for _ in range(20):
            assert "status: NOERROR" in kdig(appliance.dot_port, "+tls", "signed.test")
        assert metrics(appliance)["homedot_queries_total"] == before + 20
        deadline = time.monotonic() + 20
        while (told := metrics(appliance))["homedot_cache_hits_total"] + told[
            "homedot_cache_misses_total"
        ] < before + 20:
            assert time.monotonic() < deadline
            time.sleep(0.1)  # these are added up twice a second
        session = str(folder / "session")
        connect = ["openssl", "s_client", "-connect", f"127.0.0.1:{appliance.dot_port}", "-tls1_2"]
        subprocess.run([*connect, "-sess_out", session], input="", capture_output=True, text=True, check=True)
        for _ in range(8):
            again = [*connect, "-sess_in", session]
            done = subprocess.run(again, input="", capture_output=True, text=True, check=True)
            assert "Reused, TLSv1.2" in done.stdout


# What the machine's clock says since it was switched on can be moved on, for whoever is started with this.
CLOCK_THAT_MOVES = """
import time
read = time.clock_gettime
def moved(clock):
    return read(clock) + (float(open({ahead!r}).read()) if clock == time.CLOCK_BOOTTIME else 0)
time.clock_gettime = moved
"""


def test_workers_renew_their_ticket_keys_every_week_and_share_those_too(folder: Path, internet: Internet) -> None:
    ahead = folder / "ahead_s"
    ahead.write_text("0")
    (folder / "sitecustomize.py").write_text(CLOCK_THAT_MOVES.format(ahead=str(ahead)))
    more = {"HOMEDOT_DOT__WORKERS": "2", "PYTHONPATH": str(folder), **internet.environment}
    with running(folder, settings_in(folder, **more)) as appliance:
        session = str(folder / "session")
        connect = ["openssl", "s_client", "-connect", f"127.0.0.1:{appliance.dot_port}", "-tls1_2"]

        def connected(*more: str) -> str:
            return subprocess.run([*connect, *more], input="", capture_output=True, text=True, check=True).stdout

        connected("-sess_out", session)
        assert "Reused, TLSv1.2" in connected("-sess_in", session)
        ahead.write_text(str(8 * 24 * 3600))
        deadline = time.monotonic() + 20
        new_in_a_row = 0
        while new_in_a_row < 10:  # both look at the clock every two seconds
            new_in_a_row = new_in_a_row + 1 if "New, TLSv1.2" in connected("-sess_in", session) else 0
            assert time.monotonic() < deadline
        connected("-sess_out", session)
        for _ in range(8):
            assert "Reused, TLSv1.2" in connected("-sess_in", session)


class Client(threading.Thread):
    """Asks on one connection, again and again, and counts the answers, until that connection fails or `stop` is set."""

    def __init__(self, appliance: Appliance, stop: threading.Event) -> None:
        super().__init__()
        self.context = ssl.create_default_context(cafile=appliance.root)
        self.port = appliance.dot_port
        self.stop = stop
        self.answers = 0
        self.fault = ""
        self.connected = threading.Event()

    def run(self) -> None:
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), 5) as plain,
                self.context.wrap_socket(plain, server_hostname=HOSTNAME) as connection,
            ):
                while not self.stop.is_set():
                    query = dns.message.make_query("localhost", "A")
                    dns.query.send_tcp(connection, query)
                    answer, _ = dns.query.receive_tcp(connection, expiration=time.time() + 5)
                    assert answer.rcode() == dns.rcode.NOERROR
                    self.answers += 1
                    self.connected.set()
        except (OSError, EOFError, dns.exception.DNSException) as error:
            self.fault = repr(error)


def crowd(appliance: Appliance, stop: threading.Event, count: int = 12) -> list[Client]:
    clients = [Client(appliance, stop) for _ in range(count)]
    for client in clients:
        client.start()
    for client in clients:
        assert client.connected.wait(20), client.fault
    return clients


@pytest.mark.parametrize("number", [0, 1])
def test_a_worker_that_is_killed_under_load_costs_the_others_clients_nothing(
    folder: Path, internet: Internet, number: int
) -> None:
    with running(folder, settings_in(folder, HOMEDOT_DOT__WORKERS="2", **internet.environment)) as appliance:
        first, stop = front(appliance), threading.Event()
        worker = children(first)[number]
        clients = crowd(appliance, stop)
        os.kill(worker, signal.SIGKILL)
        newcomers = [kdig(appliance.dot_port, "+tls", "localhost") for _ in range(12)]
        before = {client: client.answers for client in clients if client.is_alive()}
        more = crowd(appliance, stop)
        stop.set()
        for client in (*clients, *more):
            client.join(20)
        lost = [client for client in clients if client.fault]
        assert 0 < len(lost) < len(clients)  # of twelve, one in two thousand times all have met the same one
        assert all(client.answers > before[client] for client in clients if client not in lost)
        assert [client.fault for client in more if client.fault] == []
        assert all("status: NOERROR" in each for each in newcomers), newcomers
        assert front(appliance) == first
        assert len(set(children(first)) - {worker}) == 2
        counts = metrics(appliance)
        assert (counts["homedot_workers_lost_total"], counts["homedot_connections"]) == (1, 0)
        assert f"worker {worker} was killed by SIGKILL; starting it anew" in appliance.log


def test_workers_do_not_outlive_the_first_process(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, HOMEDOT_DOT__WORKERS="2", **internet.environment)) as appliance:
        first = front(appliance)
        workers = children(first)
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + 20
        for worker in workers:
            while Path(f"/proc/{worker}").exists() and "Z" not in Path(f"/proc/{worker}/stat").read_text().split()[2]:
                assert time.monotonic() < deadline
                time.sleep(0.05)  # until it has noticed
        wait_until_answering(appliance, "dns.home.arpa")


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_plain_dns_answers_through_the_same_pipeline(folder: Path, internet: Internet, transport: str) -> None:
    (port,) = free_ports(1)
    environment = settings_in(
        folder, HOMEDOT_PLAIN__ENABLED="true", HOMEDOT_PLAIN__PORT=str(port), **internet.environment
    )
    with running(folder, environment):
        for _ in range(2):
            reply = kdig(port, transport, "signed.test", "+dnssec", "+padding=128")
            assert "status: NOERROR" in reply
            assert re.search(r"Flags:.* ad", reply)
            assert "PADDING" not in reply
        big = kdig(port, transport, "big.signed.test", "TXT", "+bufsize=4096", "+ignore")
        assert bool(re.search(r"Flags:.* tc", big)) is (transport == "+notcp")


def test_a_crowd_of_forged_addresses_leaves_dns_over_tls_its_half_of_the_unfinished_queries(
    folder: Path, internet: Internet
) -> None:
    (port,) = free_ports(1)
    plain = {"HOMEDOT_PLAIN__ENABLED": "true", "HOMEDOT_PLAIN__PORT": str(port), "HOMEDOT_DOT__QUERIES": "16"}
    with running(folder, settings_in(folder, **plain, **internet.environment)) as appliance:
        for address in range(4):
            with socket.socket(type=socket.SOCK_DGRAM) as crowd:
                crowd.bind((f"127.0.7.{address + 1}", 0))
                for number in range(4):
                    name = f"d4000-{address}-{number}.slow.test"
                    crowd.sendto(dns.message.make_query(name, "A").to_wire(), ("127.0.0.1", port))
        assert "status: NOERROR" in kdig(appliance.dot_port, "+tls", "signed.test")


@pytest.mark.parametrize(("more", "most"), [({}, 60), ({"HOMEDOT_PLAIN__QUERIES_PER_SECOND": "5"}, 10)])
def test_one_address_gets_as_many_datagrams_answered_as_it_may(
    folder: Path, internet: Internet, more: dict[str, str], most: int
) -> None:
    (port,) = free_ports(1)
    plain = {"HOMEDOT_PLAIN__ENABLED": "true", "HOMEDOT_PLAIN__PORT": str(port)}
    with running(folder, settings_in(folder, **plain, **more, **internet.environment)) as appliance:
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(1)
            for _ in range(60):
                client.sendto(dns.message.make_query("localhost", "A").to_wire(), ("127.0.0.1", port))
            answers = 0
            with suppress(TimeoutError):
                while client.recv(512):
                    answers += 1
        assert 0 < answers <= most
        assert metrics(appliance)["homedot_queries_limited_total"] == 60 - answers
        assert "status: NOERROR" in kdig(appliance.dot_port, "+tls", "signed.test")


def test_plain_dns_is_off_unless_asked_for(folder: Path, internet: Internet) -> None:
    (port,) = free_ports(1)
    environment = settings_in(folder, HOMEDOT_PLAIN__PORT=str(port), **internet.environment)
    with running(folder, environment), socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_stranger_is_closed_before_the_handshake(folder: Path, internet: Internet) -> None:
    environment = settings_in(folder, HOMEDOT_DOT__ALLOW_FROM="127.0.0.1", **internet.environment)
    with running(folder, environment) as appliance:
        with socket.create_connection(("::1", appliance.dot_port)) as stranger:
            stranger.settimeout(10)
            assert stranger.recv(1) == b""
        assert metrics(appliance)["homedot_refused_not_allowed_total"] == 1
        assert "::1 refused: it is not in dot.allow_from" in appliance.log


def lines_of_queries(appliance: Appliance, count: int) -> list[str]:
    """Those of the query log, as soon as there are so many."""
    deadline = time.monotonic() + 20
    while len(lines := [line for line in appliance.log.splitlines() if " dot: query " in line]) < count:
        assert time.monotonic() < deadline, appliance.log
        time.sleep(0.05)  # they are written twice a second
    return lines


@pytest.mark.parametrize("setting", ["HOMEDOT_DOT__LOG_QUERIES", "HOMEDOT_LOG__QUERIES"])
def test_answers_are_logged_when_asked_for_those_of_the_cache_too(
    folder: Path, internet: Internet, setting: str
) -> None:
    (port,) = free_ports(1)
    plain = {"HOMEDOT_PLAIN__ENABLED": "true", "HOMEDOT_PLAIN__PORT": str(port)}
    more = {setting: "true", "HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__DENY": "bad.test", **plain}
    more["HOMEDOT_BLOCKING__LISTS"] = "[]"
    with running(folder, settings_in(folder, **more, **internet.environment)) as appliance:
        for _ in range(2):
            kdig(appliance.dot_port, "+tls", "signed.test")
        kdig(port, "+notcp", "www.bad.test", "AAAA")
        kdig(port, "+tcp", "nothing.signed.test")
        kdig(port, "+notcp", r"a\"b\032\010.localhost", "TXT")
        said = [line.partition("client=")[2] for line in lines_of_queries(appliance, 5)]
        page = httpx.get(f"http://127.0.0.1:{appliance.web_port}/").text
    shown = [re.sub(r" ms=[0-9.]+ ", " ", line) for line in said]
    assert shown == [
        '127.0.0.1 name=signed.test. type=A outcome=answered rcode=NOERROR cached=no reason="secure" transport=dot',
        '127.0.0.1 name=signed.test. type=A outcome=answered rcode=NOERROR cached=yes reason="secure" transport=dot',
        '127.0.0.1 name=www.bad.test. type=AAAA outcome=blocked rcode=NOERROR cached=no reason="blocking.deny"'
        " transport=udp",
        '127.0.0.1 name=nothing.signed.test. type=A outcome=answered rcode=NXDOMAIN cached=no reason="secure"'
        " transport=tcp",
        r'127.0.0.1 name=a\034b\032\010.localhost. type=TXT outcome=local rcode=NOERROR cached=no reason=""'
        " transport=udp",
    ]  # the health check has asked by now, and is not in it
    assert page.count("Each name that is asked is written down in the log of this box") == 2


def test_nothing_is_logged_of_what_is_asked_unless_somebody_wants_it(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, **internet.environment)) as appliance:
        kdig(appliance.dot_port, "+tls", "signed.test")
        time.sleep(1.2)  # longer than lines would wait
        assert "signed.test" not in appliance.log
        assert "Names that are asked are not written down." in httpx.get(f"http://127.0.0.1:{appliance.web_port}/").text


def test_in_json_a_line_of_the_query_log_is_one_object(folder: Path, internet: Internet) -> None:
    more = {"HOMEDOT_LOG__QUERIES": "true", "HOMEDOT_LOG__FORMAT": "json", **internet.environment}
    with running(folder, settings_in(folder, **more)) as appliance:
        kdig(appliance.dot_port, "+tls", "signed.test")
        deadline = time.monotonic() + 20
        while '"message": "query"' not in appliance.log:
            assert time.monotonic() < deadline, appliance.log
            time.sleep(0.05)  # it is written twice a second
        (line,) = [line for line in appliance.log.splitlines() if '"message": "query"' in line]
    told = json.loads(line)
    assert datetime.fromisoformat(told.pop("time")).utcoffset() == timedelta(0)
    assert told.pop("ms") > 0
    assert told == {
        "level": "info", "program": "dot", "message": "query", "client": "127.0.0.1", "name": "signed.test.",
        "type": "A", "outcome": "answered", "rcode": "NOERROR", "cached": False, "reason": "secure", "transport": "dot",
    }  # fmt: skip


def test_only_what_is_blocked_or_only_some_clients_are_logged(folder: Path, internet: Internet) -> None:
    more = {"HOMEDOT_LOG__QUERIES": "true", "HOMEDOT_LOG__QUERIES_OF": "127.0.0.1, blocked"}
    more |= {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": "[]", "HOMEDOT_BLOCKING__DENY": "bad.test"}
    with running(folder, settings_in(folder, **more, **internet.environment)) as appliance:
        for source in ("127.0.0.2", "127.0.0.1"):
            for name in ("signed.test", "bad.test"):
                kdig(appliance.dot_port, "+tls", f"-b{source}", name)
        (line,) = lines_of_queries(appliance, 1)
    assert "client=127.0.0.1 name=bad.test. " in line


def test_a_query_log_that_nobody_reads_loses_lines_and_no_answers(folder: Path, internet: Internet) -> None:
    (port,) = free_ports(1)
    plain = {"HOMEDOT_PLAIN__ENABLED": "true", "HOMEDOT_PLAIN__PORT": str(port), "HOMEDOT_LOG__QUERIES": "true"}
    environment = settings_in(folder, **plain, **internet.environment)
    assert bootstrap(environment).returncode == 0
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    question = dns.message.make_query("localhost", "A").to_wire()
    with (
        subprocess.Popen([*PROGRAMS, "front"], env=clean(environment), stderr=writing) as door,
        socket.socket(type=socket.SOCK_DGRAM) as client,
    ):
        os.close(writing)
        client.connect(("127.0.0.1", port))

        def is_answered(within_s: float) -> bool:
            client.settimeout(within_s)
            try:
                client.send(question)
                return client.recv(512)[:2] == question[:2]
            except (TimeoutError, ConnectionRefusedError):
                return False

        try:
            deadline = time.monotonic() + 20
            while not is_answered(0.1):
                assert time.monotonic() < deadline
                time.sleep(0.05)  # until it listens there is nothing to wait on
            for _ in range(6):  # each is half a second's worth; a pipe holds some 400 lines
                assert all(is_answered(10) for _ in range(300))
                time.sleep(0.6)
            said, asked = b"", 1800
            while b"of the log lost: nobody took them" not in said:
                assert time.monotonic() < deadline + 20
                with suppress(BlockingIOError):
                    said += os.read(reading, 65536)
                assert is_answered(10)
                asked += 1
                time.sleep(0.01)  # lines are written twice a second
        finally:
            door.terminate()
            door.wait(10)
            os.close(reading)
    (lost,) = map(int, re.findall(rb"(\d+) lines of the log lost", said))
    assert 1000 < lost <= asked - said.count(b" name=localhost. ") + 1


def test_takes_as_many_connections_as_there_are_descriptors_for(folder: Path, internet: Internet) -> None:
    environment = settings_in(folder, HOMEDOT_DOT__CONNECTIONS="50000", **internet.environment)
    with running(folder, environment) as appliance:
        assert re.search(r"dot\.connections: only \d+ instead of 50000", appliance.log)


def test_whichever_worker_is_asked_the_self_test_hears_how(folder: Path, internet: Internet) -> None:
    (port,) = free_ports(1)
    environment = settings_in(
        folder,
        HOMEDOT_DOT__WORKERS="3",
        HOMEDOT_PLAIN__ENABLED="true",
        HOMEDOT_PLAIN__PORT=str(port),
        **internet.environment,
    )
    with (
        running(folder, environment) as appliance,
        httpx.Client(base_url=f"http://127.0.0.1:{appliance.web_port}") as page,
    ):
        for dns_port, options, transport in (
            *[(appliance.dot_port, ["+tls"], "DNS over TLS, TLS 1.3")] * 6,
            *[(port, ["+notcp"], "plain DNS over UDP")] * 3,
            *[(port, ["+tcp"], "plain DNS over TCP")] * 3,
        ):
            check = page.get("/check/new").json()
            assert page.get(f"/check/{check['nonce']}").json()["kind"] == "elsewhere"
            assert "127.0.0.1" in kdig(dns_port, *options, "+short", check["host"], "A")
            assert "::1" in kdig(dns_port, *options, "+short", check["host"], "AAAA")
            found = page.get(f"/check/{check['nonce']}").json()
            facts = dict(found["facts"])
            assert (facts["Transport"], facts["From"]) == (transport, "127.0.0.1")
