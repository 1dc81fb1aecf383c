"""One TLS session over memory BIOs: ciphertext in, plaintext out. Holds no socket and knows no DNS.

asyncio's own TLS swallows handshake alerts and keeps 256 KiB per connection, so the session is driven by hand. The
first flight goes through the ALPN gate before OpenSSL gets it; what cannot be read is refused: fail closed.
"""

import ssl
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from app.errors import OperatorError, PeerError
from app.text import printable

from .clienthello import Alert, ClientHelloReader, HelloError
from .contract import TransportInfo

PROTOCOL = "dot"
"""RFC 7858 as registered with IANA for ALPN (RFC 7301 6)."""

_SHOWN_NAMES, _SHOWN_OCTETS = 4, 20  # enough for stun.nat-discovery (RFC 7443)
_READ_BYTES = 960
"""Read at once: some queries. Python makes room for as much each time, and small room comes from where it is cheap."""


def server_context(pair: Path) -> ssl.SSLContext:
    """A context for `pair`, one PEM file of key and chain. Raises OperatorError if the file cannot be used."""
    context = bare_context()
    context.set_alpn_protocols([PROTOCOL])
    try:
        context.load_cert_chain(pair)
    except (OSError, ssl.SSLError) as error:
        raise OperatorError(f"{pair}: cannot be served: {error}; restart Homedot, which makes a new one") from error
    return context


def bare_context() -> ssl.SSLContext:
    """A context without a certificate: TLS 1.2 and 1.3, ECDHE with AEAD only (RFC 9325 4.2)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.num_tickets = 1  # one for the next connection: this client rarely has two
    return context


def _context_over(curves: Iterable[str]) -> ssl.SSLContext | None:
    """A bare context that knows no group but the first of `curves` that Python's ssl can name (3.11 cannot X25519 and
    X448); None if it can name none. Made for one session, in 0.1 ms, and without tickets: few clients need it."""
    for curve in curves:
        context = bare_context()
        context.num_tickets = 0
        try:
            context.set_ecdh_curve(curve)
        except (ValueError, ssl.SSLError):
            continue
        return context
    return None


def _shown(offer: Sequence[bytes]) -> str:
    """An offer for the log. It is a stranger's text: some of it is enough, and nothing in it may steer a terminal."""
    names = [name[:_SHOWN_OCTETS].decode("ascii", "replace") for name in offer[:_SHOWN_NAMES]]
    more = f" and {len(offer) - len(names)} more" if len(offer) > len(names) else ""
    return printable(", ".join(names) + more)


class AlpnRefused(PeerError):
    """The client speaks only what we do not."""


class TlsSession:
    """The server's side of one connection.

    `receive` and `send` are the whole traffic; whatever OpenSSL wants on the wire is in `take_output` after either.
    `context` has the certificate, or gives one that has it for the name that the client asks for; the session tickets
    are those of `keys`, a bare one, or else of `context` too.
    """

    __slots__ = ("_context", "_hello", "_incoming", "_keys", "_outgoing", "_tls", "established", "peer_closed")

    def __init__(
        self, context: ssl.SSLContext | Callable[[bytes], ssl.SSLContext], keys: ssl.SSLContext | None = None
    ) -> None:
        self._context = context
        self._keys = keys
        self._hello: ClientHelloReader | None = ClientHelloReader()
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self.established = False
        self.peer_closed = False

    def receive(self, data: bytes | memoryview) -> bytes:
        """Plaintext out of the ciphertext `data`; may be empty.

        Sets `peer_closed` on close_notify. Raises PeerError when the session is over; the alert is in `take_output`.
        """
        incoming = self._incoming
        incoming.write(data)
        if not self.established and not self._handshake(data):
            return b""
        session = self._tls
        assert session is not None  # noqa: S101 - established
        pieces = []
        try:
            while True:
                piece = session.read(_READ_BYTES)
                if not piece:
                    self.peer_closed = True
                    break
                pieces.append(piece)
                # A short read has emptied its record. One more, to be told so, would cost an exception.
                if len(piece) < _READ_BYTES and not incoming.pending:
                    break
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            raise PeerError(f"TLS: {error.reason or error}") from error
        return b"".join(pieces)

    def send(self, plaintext: bytes) -> bytes:
        """Ciphertext for `plaintext`, in records of at most 16 KiB. Raises PeerError if the session is broken."""
        session = self._tls
        assert session is not None  # noqa: S101 - established
        try:
            session.write(plaintext)
        except ssl.SSLError as error:
            raise PeerError(f"TLS: {error.reason or error}") from error
        return self._outgoing.read()

    @property
    def has_output(self) -> bool:
        return self._outgoing.pending > 0

    def take_output(self) -> bytes:
        """What OpenSSL wants on the wire: handshake messages, tickets, alerts."""
        return self._outgoing.read() if self._outgoing.pending else b""

    def close(self) -> bytes:
        """close_notify, which tells the peer that nothing was cut off (RFC 8446 6.1, RFC 7858 3.4)."""
        if self._tls is not None and self.established:
            try:
                self._tls.unwrap()
            except ssl.SSLError:
                # The peer has not sent its own close_notify yet; we do not wait for it.
                return self.take_output()
        return self.take_output()

    @property
    def is_resumed(self) -> bool:
        return self._tls is not None and bool(self._tls.session_reused)

    def describe(self) -> str:
        """Version, ALPN and whether resumed, for the log."""
        if self._tls is None or not self.established:
            return "no TLS"
        alpn = self._tls.selected_alpn_protocol() or "none"
        return f"{self._tls.version()}, ALPN {alpn}, {'resumed' if self.is_resumed else 'new session'}"

    def how(self) -> TransportInfo:
        """Like `describe`, for programs."""
        session = self._tls
        if session is None:
            return {"transport": "tls"}
        cipher = session.cipher()
        return {
            "transport": "tls",
            "version": session.version(),
            "cipher": cipher and cipher[0],
            "alpn": session.selected_alpn_protocol(),
            "resumed": self.is_resumed,
        }

    def _handshake(self, data: bytes | memoryview) -> bool:
        if self._hello is not None:
            self._gate(bytes(data), self._hello)
        if self._tls is None:
            return False
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            raise PeerError(f"TLS handshake: {error.reason or error}") from error
        self.established = True
        return self._incoming.pending > 0

    def _gate(self, data: bytes, reader: ClientHelloReader) -> None:
        try:
            hello = reader.feed(data)
        except HelloError as error:
            self._outgoing.write(error.alert.record)
            raise
        if hello is None:
            return
        if not hello.accepts(PROTOCOL.encode()):
            self._outgoing.write(Alert.NO_APPLICATION_PROTOCOL.record)
            raise AlpnRefused(f"ALPN: offers {_shown(hello.protocols or ())}, not {PROTOCOL}")
        context = self._context if isinstance(self._context, ssl.SSLContext) else self._context(hello.server_name)
        keys = (self._keys or context) if hello.held_to is None else _context_over(hello.held_to)
        if keys is None:
            self._outgoing.write(Alert.HANDSHAKE_FAILURE.record)
            raise PeerError("TLS: offers no key exchange over a curve that is known here")
        self._hello = None
        # OpenSSL keeps to the ticket keys of the context that a session began with: one server, several certificates.
        self._tls = keys.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._tls.context = context
