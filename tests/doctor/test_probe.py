"""One DNS-over-TLS connection under one deadline."""

import ssl
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from app.doctor import probe
from tests.fakes.dot_server import DotServer, silence
from tests.fakes.pki import Authority

QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09localhost\x00\x00\x01\x00\x01"
NAME = "dns.home.arpa"


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def chain(authority: Authority, tmp_path: Path) -> Path:
    leaf = authority.intermediate.sign("leaf", names=[NAME])
    return leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)


def test_asks_and_returns_the_answer_without_its_length(chain: Path) -> None:
    with (
        DotServer(chain, lambda query: query + b"!" * 20000) as server,
        probe.connect("127.0.0.1", server.port, probe.unverified("dot"), NAME, 5) as connection,
    ):
        assert connection.alpn == "dot"
        assert connection.ask(QUERY) == QUERY + b"!" * 20000
        assert connection.ask(QUERY[:12]) == QUERY[:12] + b"!" * 20000


def test_shows_the_chain_as_sent_and_its_first_certificate(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.intermediate.sign("leaf", names=[NAME])
    sent = [leaf, authority.root, authority.intermediate]
    with (
        DotServer(leaf.write_chain(tmp_path / "chain.pem", *sent[1:])) as server,
        probe.connect("127.0.0.1", server.port, probe.unverified("dot"), NAME, 5) as connection,
    ):
        assert connection.chain() == [each.certificate.public_bytes(Encoding.DER) for each in sent]
        assert connection.certificate() == leaf.certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize("drip", ["handshake", "answer"])
def test_a_dripping_server_cannot_outlast_the_deadline(chain: Path, drip: str) -> None:
    with DotServer(chain, drip=drip) as server:
        began = time.monotonic()
        with (
            pytest.raises(TimeoutError),
            probe.connect("127.0.0.1", server.port, probe.unverified("dot"), NAME, 0.4) as connection,
        ):
            connection.ask(QUERY)
        assert 0.3 < time.monotonic() - began < 2


def test_a_second_query_gets_no_new_deadline(chain: Path) -> None:
    with (
        DotServer(chain, silence) as server,
        probe.connect("127.0.0.1", server.port, probe.unverified("dot"), NAME, 0.3) as connection,
    ):
        with pytest.raises(TimeoutError):
            connection.ask(QUERY)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            connection.ask(QUERY)
        assert time.monotonic() - began < 0.2


def test_a_connection_closed_within_an_answer_is_an_error(chain: Path) -> None:
    def hang_up(_: bytes) -> bytes:
        raise ConnectionAbortedError

    with (
        DotServer(chain, hang_up) as server,
        probe.connect("127.0.0.1", server.port, probe.unverified("dot"), NAME, 5) as connection,
        pytest.raises(ConnectionError, match="closed the connection before its answer was complete"),
    ):
        connection.ask(QUERY)


def test_describes_an_error_in_words(chain: Path) -> None:
    with DotServer(chain) as server:
        port = server.port
        with (
            pytest.raises(ssl.SSLError) as refused,
            probe.connect("127.0.0.1", port, probe.unverified("h2"), NAME, 5),
        ):
            pass
        with (
            pytest.raises(ssl.SSLError) as distrusted,
            probe.connect("127.0.0.1", port, ssl.create_default_context(), NAME, 5),
        ):
            pass
    with (
        pytest.raises(OSError, match="refused") as closed,
        probe.connect("127.0.0.1", port, probe.unverified(), NAME, 5),
    ):
        pass
    assert probe.describe(refused.value).endswith("alert no application protocol")
    assert probe.describe(distrusted.value) == "unable to get local issuer certificate"
    assert probe.describe(closed.value) == "connection refused"


def test_sends_several_questions_and_receives_their_answers(chain: Path) -> None:
    with (
        DotServer(chain, lambda query: query) as server,
        probe.connect("127.0.0.1", server.port, probe.unverified("dot"), NAME, 5) as connection,
    ):
        connection.send(QUERY, b"\x56\x78" + QUERY[2:])
        assert connection.receive() == QUERY
        assert connection.receive() == b"\x56\x78" + QUERY[2:]


def test_resumes_a_session_that_is_given_back(chain: Path) -> None:
    context = probe.unverified("dot")
    with DotServer(chain, lambda query: query) as server:
        with probe.connect("127.0.0.1", server.port, context, NAME, 5) as connection:
            connection.ask(QUERY)
            assert not connection.is_resumed
            session = connection.session
        with probe.connect("127.0.0.1", server.port, context, NAME, 5, session=session) as connection:
            assert connection.is_resumed


def test_the_first_record_is_what_a_server_says_to_a_hello_that_is_none(chain: Path) -> None:
    with DotServer(chain, strict_alpn=False) as server:
        alert = probe.first_record("127.0.0.1", server.port, b"\x16\x03\x01\x00\x04\x01\x00\x00\x00", 5)
    assert len(alert) == 7
    assert alert[0] == 21


def test_the_first_record_is_waited_for_no_longer_than_agreed(chain: Path) -> None:
    with DotServer(chain, drip="handshake") as server, pytest.raises(TimeoutError):
        probe.first_record("127.0.0.1", server.port, b"hello", 0.3)
