"""The protocol by itself: octets in and out by hand, no socket and no clock."""

import ssl
from contextlib import suppress

import pytest

from app.dot.plain import PlainSession
from app.dot.protocol import CLOSED, DRAINING, HANDSHAKE, OPEN, ServerProtocol
from app.dot.tls import TlsSession, server_context
from app.errors import PeerError
from tests.dot.test_tls import Client
from tests.fakes.pair import write_pair


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return server_context(write_pair(tmp_path_factory.mktemp("protocol") / "pair.pem"))


def opened(context: ssl.SSLContext) -> tuple[Client, ServerProtocol]:
    client, server = Client(["dot"]), ServerProtocol(TlsSession(context))
    while server.state is HANDSHAKE:
        with suppress(ssl.SSLWantReadError):
            client.tls.do_handshake()
        server.receive(memoryview(client.outgoing.read()))
        client.incoming.write(server.session.take_output())
    return client, server


def sent(client: Client, plaintext: bytes) -> memoryview:
    client.tls.write(plaintext)
    return memoryview(client.outgoing.read())


def test_is_open_when_the_handshake_is_done_and_not_before(context: ssl.SSLContext) -> None:
    client, server = Client(["dot"]), ServerProtocol(TlsSession(context))
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.do_handshake()
    hello = client.outgoing.read()
    for octet in hello:
        assert server.receive(memoryview(bytes([octet]))) == []
        assert server.state is HANDSHAKE
    client.incoming.write(server.session.take_output())
    client.tls.do_handshake()
    server.receive(memoryview(client.outgoing.read()))
    assert server.state is OPEN


def test_without_tls_it_is_open_with_the_first_octet() -> None:
    server = ServerProtocol(PlainSession())
    assert server.state is HANDSHAKE
    assert server.receive(memoryview(b"\0")) == []
    assert (server.state, server.partial) == (OPEN, b"\0")


def test_gives_the_queries_that_are_whole_and_keeps_the_start_of_the_next(context: ssl.SSLContext) -> None:
    client, server = opened(context)
    assert server.receive(sent(client, b"\0\3one\0\3two\0\5th")) == [b"one", b"two"]
    assert server.partial == b"\0\5th"
    assert server.receive(sent(client, b"r")) == []
    assert server.receive(sent(client, b"ee")) == [b"three"]
    assert server.partial == b""


def test_what_is_sent_arrives(context: ssl.SSLContext) -> None:
    client, server = opened(context)
    client.incoming.write(server.send(b"\0\6answer"))
    assert client.read() == b"\0\6answer"
    assert server.state is OPEN


def test_c12_drains_when_the_client_closes_and_gives_what_it_asked_before(context: ssl.SSLContext) -> None:
    client, server = opened(context)
    client.tls.write(b"\0\4last")
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    assert server.receive(memoryview(client.outgoing.read())) == [b"last"]
    assert server.state is DRAINING
    client.incoming.write(server.send(b"\0\4last"))
    assert client.read() == b"\0\4last"


def test_c10_closes_orderly_with_close_notify(context: ssl.SSLContext) -> None:
    client, server = opened(context)
    client.incoming.write(server.close(orderly=True))
    assert server.state is CLOSED
    assert client.read() == b""  # close_notify: without it more is waited for


def test_closes_otherwise_without_a_word(context: ssl.SSLContext) -> None:
    client, server = opened(context)
    client.incoming.write(server.close(orderly=False))
    assert server.state is CLOSED
    with pytest.raises(ssl.SSLWantReadError):
        client.read()


def test_an_alert_that_is_due_is_sent_at_the_end() -> None:
    server = ServerProtocol(TlsSession(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)))
    with pytest.raises(PeerError):
        server.receive(memoryview(b"GET / HTTP/1.1\r\n"))
    assert server.state is HANDSHAKE
    assert server.close(orderly=False) == bytes.fromhex("1503030002020a")  # unexpected_message


def test_drains_when_it_is_told_to_and_still_answers(context: ssl.SSLContext) -> None:
    client, server = opened(context)
    server.drain()
    server.receive(sent(client, b"\0\4more"))
    assert server.state is DRAINING
    client.incoming.write(server.send(b"\0\4last"))
    assert client.read() == b"\0\4last"


def test_freed_it_holds_nothing_that_was_read_and_no_tls(context: ssl.SSLContext) -> None:
    client, server = opened(context)
    server.receive(sent(client, b"\0\5th"))
    server.free()
    assert (server.state, server.partial) == (CLOSED, b"")
    assert not hasattr(server, "session")
