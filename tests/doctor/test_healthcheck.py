"""Is the front door alive? Against servers that do right, or wrong in one way."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import dns.message
import dns.rcode
import pytest

from app.doctor.healthcheck import NAME as HEALTH_NAME
from app.doctor.healthcheck import check
from app.errors import OperatorError
from tests.fakes.dot_server import DotServer, noerror, silence
from tests.fakes.pki import Authority, Identity

NAME, LOOPBACK = "dns.home.arpa", "127.0.0.1"


@pytest.fixture
def issuer() -> Identity:
    return Authority().intermediate


@pytest.fixture
def chain(issuer: Identity, tmp_path: Path) -> Path:
    return issuer.sign("leaf", names=["other.home.arpa", NAME]).write_chain(tmp_path / "chain.pem", issuer)


def test_passes_a_server_that_answers(chain: Path) -> None:
    asked: list[str] = []

    def answer(query: bytes) -> bytes:
        asked.extend(rrset.to_text() for rrset in dns.message.from_wire(query).question)
        return noerror(query)

    with DotServer(chain, answer) as server:
        check(server.port, NAME, 5, LOOPBACK)
    assert asked == [f"{HEALTH_NAME}. IN A"]


@pytest.mark.parametrize("san", [NAME, "*.home.arpa", "DNS.Home.ARPA"])
def test_accepts_the_name_its_wildcard_and_any_case(issuer: Identity, tmp_path: Path, san: str) -> None:
    with DotServer(issuer.sign("leaf", names=[san]).write_chain(tmp_path / "chain.pem")) as server:
        check(server.port, NAME, 5, LOOPBACK)


def test_accepts_a_name_of_more_than_127_octets(issuer: Identity, tmp_path: Path) -> None:
    name = f"{'a' * 63}.{'b' * 63}.{'c' * 63}.home.arpa"
    with DotServer(issuer.sign("leaf", names=[name]).write_chain(tmp_path / "chain.pem")) as server:
        check(server.port, name, 5, LOOPBACK)


@pytest.mark.parametrize("san", ["dns.home.example", f"x{NAME}", f"{NAME}.example", "*.dns.home.arpa"])
def test_refuses_a_certificate_for_another_name(issuer: Identity, tmp_path: Path, san: str) -> None:
    leaf = issuer.sign(NAME, names=[san])  # the right name in the subject does not count
    with (
        DotServer(leaf.write_chain(tmp_path / "chain.pem")) as server,
        pytest.raises(OperatorError, match=f"the certificate is not for {NAME}: restart"),
    ):
        check(server.port, NAME, 5, LOOPBACK)


def test_refuses_a_server_that_selects_no_alpn(chain: Path) -> None:
    with DotServer(chain, alpn=()) as server, pytest.raises(OperatorError, match="ALPN dot was not selected"):
        check(server.port, NAME, 5, LOOPBACK)


def test_refuses_a_failure_code(chain: Path) -> None:
    def servfail(query: bytes) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(query))
        response.set_rcode(dns.rcode.SERVFAIL)
        return response.to_wire()

    with DotServer(chain, servfail) as server, pytest.raises(OperatorError, match="with RCODE 2, not NOERROR"):
        check(server.port, NAME, 5, LOOPBACK)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: bytes([answer[0] ^ 1]) + answer[1:],
        lambda answer: answer[:2] + bytes([answer[2] & 0x7F]) + answer[3:],
        lambda answer: answer[:11],
        lambda answer: answer[:0],
    ],
    ids=["another id", "a query", "too short", "empty"],
)
def test_refuses_what_is_not_an_answer_to_the_query(chain: Path, spoil: Callable[[bytes], bytes]) -> None:
    with (
        DotServer(chain, lambda query: spoil(noerror(query))) as server,
        pytest.raises(OperatorError, match="not an answer to the query"),
    ):
        check(server.port, NAME, 5, LOOPBACK)


@pytest.mark.parametrize("drip", [None, "handshake", "answer"])
def test_holds_its_deadline_against_silence_and_drips(chain: Path, drip: str | None) -> None:
    with DotServer(chain, silence, drip=drip) as server:
        began = time.monotonic()
        with pytest.raises(OperatorError, match=r"no answer within 0\.4 s"):
            check(server.port, NAME, 0.4, LOOPBACK)
        assert time.monotonic() - began < 2


def test_says_that_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with pytest.raises(OperatorError, match=f"on port {port}: connection refused: see the container's log"):
        check(port, NAME, 5, LOOPBACK)


def test_says_that_the_port_speaks_no_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak_http() -> None:
            with server.accept()[0] as client:
                client.recv(16)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                client.recv(65536)

        thread = threading.Thread(target=speak_http)
        thread.start()
        with pytest.raises(OperatorError, match=r"wrong version number: see the container's log"):
            check(server.getsockname()[1], NAME, 5, LOOPBACK)
        thread.join()


def test_starts_without_heavy_imports() -> None:
    script = "import sys; old = set(sys.modules); import app.doctor.healthcheck; print(*set(sys.modules) - old)"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "ssl" in loaded
    assert not loaded & {"asyncio", "cryptography", "dns", "ifaddr", "typing", "dataclasses", "http", "urllib"}
