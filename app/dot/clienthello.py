"""ClientHello bytes -> the application protocols it offers. Pure.

Python's ssl lets a client in that offers only protocols we do not speak, and afterwards such a client looks like one
that offered none. So the offer is read here, before OpenSSL sees a byte (RFC 7301 3.2 demands the refusal).

Rules of this reader: it holds at most one handshake message of MAX_HELLO_BYTES; each octet is looked at a bounded
number of times however the stream is cut; whatever is not a well-formed ClientHello is an error, never "no offer".
"""

from dataclasses import dataclass

from app.errors import PeerError

MAX_HELLO_BYTES = 16384
"""A post-quantum hello is about 1.8 kB. More than this is somebody else's protocol, or an attack."""

_HANDSHAKE_RECORD, _CLIENT_HELLO, _ALPN = 22, 1, 16
_MAX_FRAGMENT_BYTES = 16384


@dataclass(frozen=True, slots=True)
class ClientHello:
    """`protocols` is the ALPN offer in the client's order; None when it made none."""

    protocols: tuple[bytes, ...] | None

    def accepts(self, protocol: bytes) -> bool:
        """True if the client offers `protocol`, or leaves the choice to us by offering nothing."""
        return self.protocols is None or protocol in self.protocols


class Reader:
    """Collects the first flight. `feed` it what arrives; it returns the ClientHello once that is whole."""

    __slots__ = ("_message", "_records")

    def __init__(self) -> None:
        self._records = b""
        self._message = b""

    def feed(self, data: bytes) -> ClientHello | None:
        """The hello, or None while more octets are needed. Raises PeerError if this cannot become a ClientHello."""
        stream = self._records + data
        at = 0
        fragments = [self._message]
        while len(stream) - at >= 1:
            if stream[at] != _HANDSHAKE_RECORD:
                raise PeerError("not TLS: the first record is not a handshake")
            if len(stream) - at < 5:
                break
            length = stream[at + 3] << 8 | stream[at + 4]
            if stream[at + 1] != 3 or not 0 < length <= _MAX_FRAGMENT_BYTES:
                raise PeerError("not TLS: a record header that no version has")
            if len(stream) - at - 5 < length:
                break
            fragments.append(stream[at + 5 : at + 5 + length])
            at += 5 + length
        self._records = stream[at:]
        self._message = b"".join(fragments)
        return self._whole()

    def _whole(self) -> ClientHello | None:
        message = self._message
        if message and message[0] != _CLIENT_HELLO:
            raise PeerError("not TLS: the first handshake message is not a ClientHello")
        if len(message) < 4:
            return None
        length = int.from_bytes(message[1:4], "big")
        if length > MAX_HELLO_BYTES:
            raise PeerError(f"the ClientHello is {length} octets, more than {MAX_HELLO_BYTES}")
        if len(message) - 4 < length:
            return None
        if len(message) - 4 > length:
            raise PeerError("octets follow the ClientHello in its record")
        return ClientHello(_offer(message[4:]))


def _offer(body: bytes) -> tuple[bytes, ...] | None:
    """The ALPN offer in a ClientHello's body (RFC 8446 4.1.2, RFC 7301 3.1)."""
    fields = _Fields(body)
    fields.take(2 + 32)  # legacy_version, random
    fields.vector(1)  # legacy_session_id
    fields.vector(2)  # cipher_suites
    fields.vector(1)  # legacy_compression_methods
    if fields.left == 0:
        return None
    extensions = _Fields(fields.vector(2))
    fields.end()
    offer: tuple[bytes, ...] | None = None
    while extensions.left:
        kind = int.from_bytes(extensions.take(2), "big")
        content = extensions.vector(2)
        if kind == _ALPN:
            if offer is not None:
                raise PeerError("the ClientHello has two ALPN extensions")
            offer = _protocols(content)
    return offer


def _protocols(content: bytes) -> tuple[bytes, ...]:
    extension = _Fields(content)
    names = _Fields(extension.vector(2))
    extension.end()
    offer = []
    while names.left:
        offer.append(names.vector(1))
    if not offer or not all(offer):
        raise PeerError("the ClientHello has an empty ALPN name or list")
    return tuple(offer)


class _Fields:
    """A cursor over octets that refuses to run past their end."""

    __slots__ = ("_at", "_octets")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._octets) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise PeerError("the ClientHello is cut short")
        self._at += count
        return self._octets[self._at - count : self._at]

    def vector(self, length_octets: int) -> bytes:
        return self.take(int.from_bytes(self.take(length_octets), "big"))

    def end(self) -> None:
        if self.left:
            raise PeerError("the ClientHello has octets too many")
