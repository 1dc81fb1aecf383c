"""Servers whose TLS is wrong in one way."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.doctor import probe, tls_checks
from app.doctor.target import Verdict
from tests.fakes.dot_server import DotServer
from tests.fakes.pki import Authority

from .examining import NAME, box, faults


def test_finds_a_server_that_lets_http_in(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, strict_alpn=False) as server:
        found = faults(server, authority)
    assert set(found) == {"ALPN h2"}
    assert found["ALPN h2"].detail == "a client that speaks only HTTP is let in"


def test_finds_a_server_that_speaks_http(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, strict_alpn=False, alpn=("h2",)) as server:
        assert set(faults(server, authority)) == {"ALPN dot", "ALPN h2"}


def test_finds_a_server_that_lets_tls_1_1_in(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, lax=True) as server:
        found = faults(server, authority)
    assert set(found) == {"TLS 1.1"}
    assert found["TLS 1.1"].detail == "a client that speaks only TLS 1.1 is let in"


def test_a_good_server_refuses_tls_1_1_because_of_its_version(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain) as server:
        found = tls_checks.tls_1_1(box(server.port, authority))
    assert found.verdict is Verdict.PASS
    assert found.detail.endswith("alert 70")  # protocol_version, RFC 5246 7.2.2


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (b"", Verdict.PASS),
        (b"\x15\x03\x01\x00\x02\x02\x28", Verdict.PASS),
        (b"\x15\x03", Verdict.FAIL),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Verdict.FAIL),
        (b"\x16\x03\x02\x00\x06\x02\x00\x00\x46\x03\x02", Verdict.FAIL),
    ],
    ids=["closed", "handshake_failure", "cut", "not TLS", "ServerHello of TLS 1.1"],
)
def test_reads_the_answer_to_tls_1_1(authority: Authority, reply: bytes, verdict: Verdict) -> None:
    assert tls_checks.tls_1_1(box(answering(reply), authority)).verdict is verdict


@given(reply=st.binary(max_size=64))
def test_any_answer_to_tls_1_1_is_a_finding(authority_of_all: Authority, reply: bytes) -> None:
    assert tls_checks.tls_1_1(box(answering(reply), authority_of_all)).verdict in {Verdict.PASS, Verdict.FAIL}


@pytest.fixture(scope="session")
def authority_of_all() -> Authority:
    return Authority()


def answering(reply: bytes) -> int:
    """The port of a server that reads one hello, says this and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as client:
            client.recv(4096)
            client.sendall(reply)

    threading.Thread(target=serve).start()
    return int(listener.getsockname()[1])


def test_the_hello_of_tls_1_1_is_one_that_openssl_understands(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, lax=True) as server:
        old = probe.first_record("127.0.0.1", server.port, tls_checks.old_hello(NAME), 5)
    assert old[:1] == b"\x16"
    assert old[9:11] == b"\x03\x02"


def test_finds_a_server_with_another_certificate_for_who_names_none(
    authority: Authority, good_chain: Path, tmp_path: Path
) -> None:
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.set_alpn_protocols(["dot"])
    other.load_cert_chain(authority.intermediate.sign("other").write_chain(tmp_path / "other.pem"))

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name is None:
            connection.context = other

    with DotServer(good_chain) as server:
        server.context.sni_callback = choose
        found = faults(server, authority)
    assert set(found) == {"no SNI"}


def test_finds_a_server_that_lets_nobody_in_who_names_none(authority: Authority, good_chain: Path) -> None:
    def refuse(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> int | None:
        return int(ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME) if name is None else None

    with DotServer(good_chain) as server:
        server.context.sni_callback = refuse
        assert set(faults(server, authority)) == {"no SNI"}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_finds_a_server_that_remembers_nobody(authority: Authority, good_chain: Path, version: ssl.TLSVersion) -> None:
    with DotServer(good_chain) as server:
        server.context.maximum_version = version
        assert faults(server, authority) == {}
        server.context.num_tickets = 0
        server.context.options |= ssl.OP_NO_TICKET
        assert set(faults(server, authority)) == {"resumption"}
