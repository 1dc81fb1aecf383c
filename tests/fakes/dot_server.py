"""A small DNS-over-TLS server on loopback that does right, or wrong in one chosen way."""

import contextlib
import socket
import socketserver
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode

ONLY_H2 = b"\x00\x10\x00\x05\x00\x03\x02h2"  # the ALPN extension of a client that offers h2 and nothing else
NO_APPLICATION_PROTOCOL = b"\x15\x03\x03\x00\x02\x02\x78"
DRIP_EVERY_S = 0.05

Answer = Callable[[bytes], bytes | None]


LOCALHOST = dns.name.from_text("localhost.")
IDLE_TIMEOUT_S = 120


def noerror(query: bytes) -> bytes:
    """What a good server says: see `respond`."""
    return respond(query)


def respond(query: bytes, *, block_octets: int = 468, keepalive: bytes | None = b"\x04\xb0") -> bytes:
    """NOERROR without records, validated (AD) if the query wants DNSSEC; SERVFAIL for names with wrong signatures.

    Padded to `block_octets` (0: not at all) and with this `keepalive` (None: without) if the query wishes for it.
    """
    message = dns.message.from_wire(query)
    response = dns.message.make_response(message)
    wishes = {option.otype for option in message.options}
    options: list[dns.edns.Option] = []
    if message.question[0].name.labels[0] in (b"bogus", b"dnssec-failed"):
        response.set_rcode(dns.rcode.SERVFAIL)
        options.append(dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS))
    elif message.ednsflags & dns.flags.DO:
        response.flags |= dns.flags.AD
    if keepalive is not None and dns.edns.OptionType.KEEPALIVE in wishes:
        options.append(dns.edns.GenericOption(dns.edns.OptionType.KEEPALIVE, keepalive))
    if message.edns >= 0:
        pad = block_octets if dns.edns.OptionType.PADDING in wishes else 0
        response.use_edns(0, ednsflags=message.ednsflags, options=options, pad=pad)
    return response.to_wire()


def silence(_: bytes) -> None:
    """No answer at all."""


def is_slow(query: bytes) -> bool:
    """Whether a name is one that must be asked for elsewhere."""
    return bool(dns.message.from_wire(query).question[0].name != LOCALHOST)


class DotServer:
    """Serves between __enter__ and __exit__, on `port`.

    `strict_alpn`: refuses who offers only h2 with alert 120. `alpn`: what it selects. `in_order`: None, or how many
    seconds each name but localhost takes while all others wait; otherwise localhost overtakes them. `lax`: takes old
    versions of TLS, and weak keys and signatures of its own. `port`: 0 for any that is free.
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
        in_order: float | None = None,
        lax: bool = False,
        port: int = 0,
    ) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        if lax:
            self.context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                self.context.minimum_version = ssl.TLSVersion.TLSv1
        self.context.load_cert_chain(chain)
        if alpn:
            self.context.set_alpn_protocols(list(alpn))
        self.chain = chain
        self.answer = answer
        self.strict_alpn = strict_alpn
        self.drip = drip
        self.in_order = in_order
        self.stopping = threading.Event()
        fake = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                # A client that goes away, or refuses the certificate, is what the tests are about.
                with contextlib.suppress(OSError):
                    fake.serve(self.request)

        class Listener(socketserver.ThreadingTCPServer):
            allow_reuse_address = True  # connections of whoever had the port may not be over yet

        self._server = Listener(("127.0.0.1", port), Handler)
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
            while queries := list(self._received(tls)):
                if self.in_order is None and len(queries) > 1:
                    queries.sort(key=is_slow)
                for query in queries:
                    if self.in_order and is_slow(query):
                        self.stopping.wait(self.in_order)
                    answer = self.answer(query)
                    if self.drip == "answer":
                        self._drip(tls, b"\xff\xff")
                    elif answer is not None:
                        tls.sendall(len(answer).to_bytes(2, "big") + answer)

    @staticmethod
    def _received(tls: ssl.SSLSocket) -> Iterator[bytes]:
        """All queries of one TLS record; none at the end of the connection."""
        while length := tls.recv(2):
            yield tls.recv(int.from_bytes(length, "big"))
            if not tls.pending():
                return

    def _drip(self, sock: Any, beginning: bytes) -> None:
        for byte in beginning:
            sock.sendall(bytes([byte]))
        while not self.stopping.wait(DRIP_EVERY_S):
            sock.sendall(b"\0")

    @staticmethod
    def _peek_record(plain: socket.socket) -> bytes:
        header = plain.recv(5, socket.MSG_PEEK | socket.MSG_WAITALL)
        return plain.recv(5 + int.from_bytes(header[3:5], "big"), socket.MSG_PEEK | socket.MSG_WAITALL)
