"""A small DNS-over-TLS server on loopback that does right, or wrong in one chosen way."""

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import dns.flags
import dns.message

ONLY_H2 = b"\x00\x10\x00\x05\x00\x03\x02h2"  # the ALPN extension of a client that offers h2 and nothing else
NO_APPLICATION_PROTOCOL = b"\x15\x03\x03\x00\x02\x02\x78"
DRIP_EVERY_S = 0.05

Answer = Callable[[bytes], bytes | None]


def noerror(query: bytes) -> bytes:
    """NOERROR without records, validated (AD) if the query wants DNSSEC."""
    message = dns.message.from_wire(query)
    response = dns.message.make_response(message)
    response.flags |= dns.flags.AD if message.ednsflags & dns.flags.DO else 0
    return response.to_wire()


def silence(_: bytes) -> None:
    """No answer at all."""


class DotServer:
    """Serves between __enter__ and __exit__, on `port`.

    `strict_alpn`: refuses who offers only h2 with alert 120. `alpn`: what it selects.
    `drip`: None, or what leaves one byte at a time for ever: the TLS handshake or the answer.
    """

    def __init__(
        self,
        chain: Path,
        answer: Answer = noerror,
        *,
        strict_alpn: bool = True,
        alpn: tuple[str, ...] = ("dot",),
        drip: str | None = None,
    ) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain)
        if alpn:
            self.context.set_alpn_protocols(list(alpn))
        self.answer = answer
        self.strict_alpn = strict_alpn
        self.drip = drip
        self.stopping = threading.Event()
        fake = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                # A client that goes away, or refuses the certificate, is what the tests are about.
                with contextlib.suppress(OSError):
                    fake.serve(self.request)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve(self, plain: socket.socket) -> None:
        plain.settimeout(10)
        if self.drip == "handshake":
            self._drip(plain, b"\x16\x03\x03\x40\x00")
            return
        hello = self._peek_record(plain)
        if self.strict_alpn and ONLY_H2 in hello:
            plain.recv(len(hello), socket.MSG_WAITALL)  # what is left unread would turn the close into a reset
            plain.sendall(NO_APPLICATION_PROTOCOL)
            return
        with self.context.wrap_socket(plain, server_side=True) as tls:
            while length := tls.recv(2):
                answer = self.answer(tls.recv(int.from_bytes(length, "big")))
                if self.drip == "answer":
                    self._drip(tls, b"\xff\xff")
                elif answer is not None:
                    tls.sendall(len(answer).to_bytes(2, "big") + answer)

    def _drip(self, sock: Any, beginning: bytes) -> None:
        for byte in beginning:
            sock.sendall(bytes([byte]))
        while not self.stopping.wait(DRIP_EVERY_S):
            sock.sendall(b"\0")

    @staticmethod
    def _peek_record(plain: socket.socket) -> bytes:
        header = plain.recv(5, socket.MSG_PEEK | socket.MSG_WAITALL)
        return plain.recv(5 + int.from_bytes(header[3:5], "big"), socket.MSG_PEEK | socket.MSG_WAITALL)
