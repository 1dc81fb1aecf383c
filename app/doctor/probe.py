"""One DNS-over-TLS connection, as a client, under one deadline for all of it.

Imports nothing heavy: the health check starts every 30 s, also on the slowest box.
"""

import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

if sys.version_info < (3, 13):
    from _ssl import ENCODING_DER  # 3.13 made the call that it is for public


class ProbeConnection:
    """A connection after its TLS handshake. Every method raises TimeoutError when the deadline has passed."""

    def __init__(self, tls: ssl.SSLSocket, deadline: float) -> None:
        self._tls = tls
        self._deadline = deadline

    @property
    def session(self) -> ssl.SSLSession | None:
        """What resumes this session; with TLS 1.3 it comes with the first answer (RFC 8446 4.6.1)."""
        return self._tls.session

    @property
    def is_resumed(self) -> bool:
        return bool(self._tls.session_reused)

    @property
    def alpn(self) -> str | None:
        """The protocol that the server selected (RFC 7301)."""
        return self._tls.selected_alpn_protocol()

    def certificate(self) -> bytes:
        """The server's own certificate, DER, whether trusted or not."""
        return self._tls.getpeercert(binary_form=True) or b""

    def chain(self) -> list[bytes]:
        """The certificates that the server sent, DER, in its order, whether trusted or not."""
        if sys.version_info >= (3, 13):
            return self._tls.get_unverified_chain()
        return [each.public_bytes(ENCODING_DER) for each in self._tls._sslobj.get_unverified_chain()]  # type: ignore[attr-defined]

    def ask(self, query: bytes) -> bytes:
        """Send one DNS message and return the next one received, both without the length (RFC 7858 3.3)."""
        self.send(query)
        return self.receive()

    def send(self, *queries: bytes) -> None:
        """Send DNS messages, all in one write."""
        self._tls.settimeout(_left(self._deadline))
        self._tls.sendall(b"".join(len(query).to_bytes(2, "big") + query for query in queries))

    def receive(self) -> bytes:
        """The next DNS message."""
        return self._receive(int.from_bytes(self._receive(2), "big"))

    def _receive(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            # The deadline is for the whole: a server that drips must not have it anew with every byte.
            self._tls.settimeout(_left(self._deadline))
            chunk = self._tls.recv(size - len(received))
            if not chunk:
                raise ConnectionError("the server closed the connection before its answer was complete")
            received += chunk
        return bytes(received)


@contextmanager
def connect(
    address: str,
    port: int,
    context: ssl.SSLContext,
    hostname: str | None,
    timeout_s: float,
    *,
    session: ssl.SSLSession | None = None,
    source: str | None = None,
) -> Iterator[ProbeConnection]:
    """Connect, and send `hostname` as SNI, or none; what is verified is the context's business.

    `session` of an earlier connection with the same context is offered to be resumed; `source` is the address to come
    from. Raises OSError; among its kinds TimeoutError and ssl.SSLError.
    """
    deadline = time.monotonic() + timeout_s
    with (
        socket.create_connection((address, port), timeout_s, source and (source, 0)) as plain,
        context.wrap_socket(plain, server_hostname=hostname, do_handshake_on_connect=False, session=session) as tls,
    ):
        tls.settimeout(_left(deadline))
        tls.do_handshake()
        yield ProbeConnection(tls, deadline)


def first_record(address: str, port: int, hello: bytes, timeout_s: float) -> bytes:
    """Send `hello` as it is and return the first TLS record of the reply (RFC 8446 5.1), or less if it ends before.

    Raises OSError; among its kinds TimeoutError.
    """
    deadline = time.monotonic() + timeout_s
    received = bytearray()
    with socket.create_connection((address, port), timeout_s) as plain:
        try:
            plain.sendall(hello)
            while len(received) < _record_octets(received):
                plain.settimeout(_left(deadline))
                chunk = plain.recv(4096)
                if not chunk:
                    break
                received += chunk
        except ConnectionError:
            pass  # after an alert, a server may be gone before it has read everything
    return bytes(received[: _record_octets(received)])


def _record_octets(beginning: bytes | bytearray) -> int:
    """How long a TLS record is, by its header; at least the header when that is not whole yet."""
    return 5 + int.from_bytes(beginning[3:5], "big") if len(beginning) >= 5 else 5


def unverified(*alpn: str) -> ssl.SSLContext:
    """A context that takes any certificate and offers these protocols."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def describe(error: OSError) -> str:
    """What went wrong, in words: `connection refused`, `wrong version number`."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    # `[SSL: REASON] words (_ssl.c:992)`; the attribute `reason` is empty for some alerts before Python 3.13.
    return (error.strerror or str(error)).partition(" (_ssl")[0].rpartition("] ")[2].lower()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
