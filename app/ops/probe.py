"""One DNS-over-TLS connection, as a client, under one deadline for all of it.

Imports nothing heavy: the health check starts every 30 s, also on the slowest box.
"""

import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Connection:
    """A connection after its TLS handshake. Every method raises TimeoutError when the deadline has passed."""

    def __init__(self, tls: ssl.SSLSocket, deadline: float) -> None:
        self._tls = tls
        self._deadline = deadline

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
        from _ssl import ENCODING_DER  # 3.13 made the same call public

        return [each.public_bytes(ENCODING_DER) for each in self._tls._sslobj.get_unverified_chain()]  # type: ignore[attr-defined]

    def ask(self, query: bytes) -> bytes:
        """Send one DNS message and return the next one received, both without the length (RFC 7858 3.3)."""
        self._tls.settimeout(_left(self._deadline))
        self._tls.sendall(len(query).to_bytes(2, "big") + query)
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
def connect(address: str, port: int, context: ssl.SSLContext, hostname: str, timeout_s: float) -> Iterator[Connection]:
    """Connect, and send `hostname` as SNI; what is verified is the context's business.

    Raises OSError; among its kinds TimeoutError and ssl.SSLError.
    """
    deadline = time.monotonic() + timeout_s
    with (
        socket.create_connection((address, port), timeout_s) as plain,
        context.wrap_socket(plain, server_hostname=hostname, do_handshake_on_connect=False) as tls,
    ):
        tls.settimeout(_left(deadline))
        tls.do_handshake()
        yield Connection(tls, deadline)


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
