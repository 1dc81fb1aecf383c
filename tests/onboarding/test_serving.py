import plistlib
import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest

from app.onboarding.enrolment import Enrolment
from app.onboarding.profile import mobileconfig
from app.onboarding.serving import CONNECTIONS, CONNECTIONS_PER_CLIENT, Shares


def test_every_client_has_a_share_and_gets_it_back() -> None:
    shares = Shares()
    assert [shares.enter("10.0.0.1") for _ in range(CONNECTIONS_PER_CLIENT + 1)].count(True) == CONNECTIONS_PER_CLIENT
    assert shares.enter("10.0.0.2")
    shares.leave("10.0.0.1")
    assert shares.enter("::ffff:10.0.0.1")
    assert not shares.enter("10.0.0.1")


def test_the_gateway_that_stands_for_many_has_no_share() -> None:
    shares = Shares(["172.17.0.1"])
    assert all(shares.enter("::ffff:172.17.0.1") for _ in range(2 * CONNECTIONS_PER_CLIENT))


SERVER = """
import asyncio, logging, sys

async def healthy():
    print("asked for its health", flush=True)
    await asyncio.sleep(float(sys.argv[3]))
    return True

class Checks:
    new = look = healthy

async def condition():
    return vitals.Health("Well", is_well=True, is_unwell=False)

class Blocker:
    async def state(self):
        return blocking.BlockingState(is_enabled=False, paused_s=0)

    def token(self):
        return None

from app.onboarding import blocking, enrolment, serving, vitals, web
from app.ports import bound_sockets
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
serving.LIFETIME = float(sys.argv[2])
reader = lambda: enrolment.from_json(sys.argv[1])
app = web.application(
    reader, healthy=healthy, metrics=healthy, doctor=str, signed=bytes, devices=healthy, self_test=Checks(),
    blocker=Blocker(), condition=condition, status=healthy,
)
serving.serve(app, bound_sockets(0, "web.port"), lambda address: address not in ("127.0.0.66",), sys.argv[4:])
"""


@contextmanager
def served(
    enrolment: Enrolment, lifetime: float = 30, health_takes: float = 0, unshared: tuple[str, ...] = ()
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A real server in its own process, and its port; gone afterwards."""
    command = [sys.executable, "-c", SERVER, enrolment.to_json(), str(lifetime), str(health_takes), *unshared]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            match = re.fullmatch(r"the setup page is on port (\d+)\n", process.stdout.readline())
            assert match is not None
            yield process, int(match[1])
        finally:
            process.kill()


@pytest.mark.server
def test_serves_the_same_over_ipv4_and_ipv6(own_authority: Enrolment) -> None:
    with served(own_authority) as (_, port):
        four, six = (httpx.get(f"http://{host}:{port}/homedot.mobileconfig") for host in ("127.0.0.1", "[::1]"))
        refused = httpx.get(f"http://127.0.0.1:{port}/", headers={"Host": "evil.example"})
    assert four.content == six.content == mobileconfig(own_authority)
    assert plistlib.loads(four.content)["PayloadScope"] == "System"
    assert "server" not in four.headers
    assert refused.status_code == 421


@pytest.mark.server
def test_stops_at_once_on_sigterm_with_a_client_connected(own_authority: Enrolment) -> None:
    with served(own_authority) as (process, port), httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/healthz").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=3) == -signal.SIGTERM


@pytest.mark.server
def test_stops_soon_on_sigterm_with_a_request_that_hangs(own_authority: Enrolment) -> None:
    with (
        served(own_authority, health_takes=60) as (process, port),
        socket.create_connection(("127.0.0.1", port), timeout=5) as client,
    ):
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert process.stdout is not None
        assert process.stdout.readline() == "asked for its health\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == -signal.SIGTERM


@pytest.mark.server
def test_ends_a_connection_that_asks_nothing(own_authority: Enrolment) -> None:
    with served(own_authority, lifetime=0.2) as (_, port):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as silent:
            assert silent.recv(1) == b""
        with socket.create_connection(("127.0.0.1", port), timeout=5) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nHost: local")
            assert slow.recv(1) == b""


@pytest.mark.server
def test_refuses_an_endless_head(own_authority: Enrolment) -> None:
    with (
        served(own_authority) as (_, port),
        socket.create_connection(("127.0.0.1", port), timeout=5) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 20_000)
        assert client.recv(100).startswith(b"HTTP/1.1 4")


@pytest.mark.server
def test_server_log_stays_silent_about_broken_requests(own_authority: Enrolment) -> None:
    with served(own_authority) as (process, port):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"\x16\x03\x01\x02\x00\x01\r\n\r\n")
            client.recv(100)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=5)[0] == ""


REQUEST = b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "


@pytest.mark.server
@pytest.mark.parametrize("asked", [b"GET /healthz", b"GET /", b"POST /blocking/pause"])
def test_a_client_that_goes_away_in_the_middle_costs_nobody_a_line(own_authority: Enrolment, asked: bytes) -> None:
    with served(own_authority, health_takes=0.2) as (process, port):
        body = b"100\r\n\r\nhalf of it" if asked.startswith(b"POST") else b"0\r\n\r\n"
        for count in (1, 50):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
                client.sendall((asked + REQUEST + body) * count)
                with suppress(TimeoutError):
                    client.settimeout(0.1)  # until it works on the answer, of which there may be nothing to read yet
                    client.recv(10)
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=5)[0]
    assert said.replace("asked for its health\n", "") == ""


@pytest.mark.server
def test_one_client_that_takes_all_it_can_leaves_the_page_to_others(own_authority: Enrolment) -> None:
    with served(own_authority) as (_, port):
        there, here = ("127.0.0.1", port), ("127.0.0.9", 0)
        greedy = [socket.create_connection(there, timeout=5, source_address=here) for _ in range(300)]
        try:
            gone = 0
            for connection in greedy[:-CONNECTIONS_PER_CLIENT]:
                try:
                    gone += connection.recv(1) == b""
                except ConnectionResetError:
                    gone += 1
            assert gone == len(greedy) - CONNECTIONS_PER_CLIENT
            greedy[-1].settimeout(0.1)
            with pytest.raises(TimeoutError):  # the newest is the one that is wanted
                greedy[-1].recv(1)
            assert httpx.get(f"http://127.0.0.1:{port}/style.css").status_code == 200
        finally:
            for connection in greedy:
                connection.close()


@pytest.mark.server
def test_who_is_not_allowed_gets_nothing(own_authority: Enrolment) -> None:
    with served(own_authority) as (_, port):
        here = ("127.0.0.66", 0)
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5, source_address=here) as stranger,
            suppress(ConnectionResetError),
        ):
            assert stranger.recv(1) == b""
        assert httpx.get(f"http://127.0.0.1:{port}/style.css").status_code == 200


@pytest.mark.server
def test_a_crowd_that_only_sits_there_makes_room_for_who_comes(own_authority: Enrolment) -> None:
    with served(own_authority) as (_, port), ExitStack() as crowd:
        guests = []
        for number in range(600):
            here = (f"127.0.1.{1 + number // 30}", 0)
            guests.append(socket.create_connection(("127.0.0.1", port), timeout=5, source_address=here))
            crowd.callback(guests[-1].close)
        for _ in range(5):
            assert httpx.get(f"http://127.0.0.1:{port}/style.css").status_code == 200
        assert guests[600 - CONNECTIONS - 1].recv(1) == b""  # the last that is not among the last 256
        guests[-1].settimeout(0.1)
        with pytest.raises(TimeoutError):
            guests[-1].recv(1)
