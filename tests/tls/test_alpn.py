"""RFC 7301 3.2: who offers only what we do not speak gets no_application_protocol (120), however its hello comes."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.fakes.dot_client import unverified_context
from tests.fakes.pair import NAME

from . import hello
from .conftest import Door

pytestmark = pytest.mark.server

Deliver = Callable[[socket.socket, bytes], None]
VERSIONS = {"TLS 1.2": ssl.TLSVersion.TLSv1_2, "TLS 1.3": ssl.TLSVersion.TLSv1_3}


def whole(connection: socket.socket, flight: bytes) -> None:
    connection.sendall(flight)


def byte_by_byte(connection: socket.socket, flight: bytes) -> None:
    for at in range(len(flight)):
        connection.sendall(flight[at : at + 1])


def over_two_records(connection: socket.socket, flight: bytes) -> None:
    connection.sendall(hello.records(flight[5:], size=len(flight) // 2))


def post_quantum(connection: socket.socket, flight: bytes) -> None:
    larger = hello.with_post_quantum_share(flight)
    assert len(larger) > 1400  # more than one segment
    connection.sendall(larger)


DELIVERIES = [whole, byte_by_byte, over_two_records]


@contextmanager
def connected(door: Door) -> Iterator[socket.socket]:
    with socket.socket() as connection:
        connection.settimeout(10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)
        connection.connect(("127.0.0.1", door.port))
        yield connection


@dataclass
class Client:
    """Python's own, with its first flight in our hands."""

    version: ssl.TLSVersion
    session: ssl.SSLSession | None = None

    def __post_init__(self) -> None:
        self.context = unverified_context()
        self.context.minimum_version = self.context.maximum_version = self.version

    def begin(self, offer: list[str]) -> bytes:
        """The first flight, with the ALPN offer `offer`, or with none."""
        self.context.set_alpn_protocols(offer)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.context.wrap_bio(self.incoming, self.outgoing, server_hostname=NAME, session=self.session)
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()

    def complete(self, connection: socket.socket) -> bytes:
        """Finish the handshake, send a message, return its echo; the session is kept."""
        said = False
        while True:
            try:
                if not said:
                    self.tls.do_handshake()
                    self.tls.write(b"\0\5hello")
                    said = True
                connection.sendall(self.outgoing.read())
                echo = self.tls.read(100)
            except ssl.SSLWantReadError:
                connection.sendall(self.outgoing.read())
                self.incoming.write(connection.recv(65536))
            else:
                self.session = self.tls.session
                return echo


def returning(door: Door, version: ssl.TLSVersion) -> Client:
    """A client that has been here and holds a ticket."""
    client = Client(version)
    with connected(door) as connection:
        connection.sendall(client.begin(["dot"]))
        assert client.complete(connection) == b"\0\5hello"
    return client


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
@pytest.mark.parametrize("resumed", [False, True], ids=["full", "resumed"])
@pytest.mark.parametrize("deliver", [*DELIVERIES, post_quantum])
@pytest.mark.parametrize("offer", [["h2"], ["http/1.1", "h2"], ["doq"]], ids="+".join)
def test_a_client_that_offers_something_else_only_gets_alert_120_and_the_end(
    door: Door, version: ssl.TLSVersion, *, resumed: bool, deliver: Deliver, offer: list[str]
) -> None:
    client = returning(door, version) if resumed else Client(version)
    with connected(door) as connection:
        deliver(connection, client.begin(offer))
        answer = b""
        while more := connection.recv(100):
            answer += more
    assert answer == hello.NO_APPLICATION_PROTOCOL


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
@pytest.mark.parametrize("resumed", [False, True], ids=["full", "resumed"])
@pytest.mark.parametrize("deliver", DELIVERIES)
@pytest.mark.parametrize("offer", [["dot"], ["h2", "dot"], []], ids=["dot", "h2+dot", "nothing"])
def test_a_client_that_offers_dot_or_nothing_is_served(
    door: Door, version: ssl.TLSVersion, *, resumed: bool, deliver: Deliver, offer: list[str]
) -> None:
    client = returning(door, version) if resumed else Client(version)
    with connected(door) as connection:
        deliver(connection, client.begin(offer))
        assert client.complete(connection) == b"\0\5hello"
    assert client.tls.session_reused is resumed
    assert client.tls.selected_alpn_protocol() == ("dot" if offer else None)
