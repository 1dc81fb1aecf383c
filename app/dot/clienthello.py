"""ClientHello bytes -> the application protocols it offers, and what its key exchange would cost. Pure.

Python's ssl lets a client in that offers only protocols we do not speak, and afterwards such a client looks like one
that offered none. So the offer is read here, before OpenSSL sees a byte (RFC 7301 3.2 demands the refusal).

Nor can Python's ssl be told to leave out finite-field groups (RFC 7919). The largest of them costs us 120 ms a hello,
some 400 times what X25519 does, and whoever sends it nothing; no client of a resolver needs them.

Rules of this reader: it holds at most one handshake message of MAX_HELLO_BYTES; each octet is looked at a bounded
number of times however the stream is cut; whatever is not a well-formed ClientHello is an error, never "no offer".
"""

from dataclasses import dataclass
from struct import unpack

from app.errors import PeerError

MAX_HELLO_BYTES = 16384
"""A post-quantum hello is about 1.8 kB. More than this is somebody else's protocol, or an attack."""

_HANDSHAKE_RECORD, _CLIENT_HELLO = 22, 1
_SUPPORTED_GROUPS, _ALPN, _KEY_SHARE = 10, 16, 51
_FINITE_FIELDS = range(0x0100, 0x0200)  # RFC 8446 4.2.7
_CURVES = {0x0017, 0x0018, 0x0019, 0x001D, 0x001E}
"""One of these is taken rather than a finite field, whatever else the client can. Not every OpenSSL has newer ones."""
_MAX_FRAGMENT_BYTES = 16384
_HEADER_OCTETS = 4


@dataclass(frozen=True, slots=True)
class ClientHello:
    """`protocols` is the ALPN offer in the client's order; None when it made none. `is_finite_field` says that the keys
    would be exchanged in a finite field."""

    protocols: tuple[bytes, ...] | None
    is_finite_field: bool = False

    def accepts(self, protocol: bytes) -> bool:
        """True if the client offers `protocol`, or leaves the choice to us by offering nothing."""
        return self.protocols is None or protocol in self.protocols


class ClientHelloReader:
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
        have, whole = len(self._message), _whole_octets(self._message)
        # What follows the hello is OpenSSL's to judge: early data may, and is passed over (RFC 8446 4.2.10).
        while have < whole and at < len(stream):
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
            have += length
            if whole == _HEADER_OCTETS <= have:
                fragments = [b"".join(fragments)]
                whole = _whole_octets(fragments[0])
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
        return _read(message[4:])


def _whole_octets(message: bytes) -> int:
    """How long `message` is to become; until its header is there, as long as that."""
    return _HEADER_OCTETS + int.from_bytes(message[1:4], "big") if len(message) >= _HEADER_OCTETS else _HEADER_OCTETS


def _read(body: bytes) -> ClientHello:
    """What matters of a ClientHello's body (RFC 8446 4.1.2, 4.2.7, 4.2.8; RFC 7301 3.1).

    Written flat because every handshake goes through it; a slice past the end is seen by the last comparison.
    """
    try:
        at = 2 + 32  # legacy_version, random
        at += 1 + body[at]  # legacy_session_id
        at += 2 + (body[at] << 8 | body[at + 1])  # cipher_suites
        at += 1 + body[at]  # legacy_compression_methods
        if at == len(body):
            return ClientHello(None)
        end = at + 2 + (body[at] << 8 | body[at + 1])
        at += 2
        if end != len(body):
            raise PeerError("the ClientHello's extensions do not fill it")
        offer: tuple[bytes, ...] | None = None
        is_finite_field = False
        while at < end:
            kind, length = body[at] << 8 | body[at + 1], body[at + 2] << 8 | body[at + 3]
            at += 4 + length
            if kind == _ALPN:
                if offer is not None:
                    raise PeerError("the ClientHello has two ALPN extensions")
                offer = _protocols(body[at - length : at])
            elif kind == _SUPPORTED_GROUPS:
                is_finite_field |= _leads_to_finite_field(body[at - length : at])
            elif kind == _KEY_SHARE:
                is_finite_field |= _has_finite_field(body[at - length : at])
    except IndexError:
        raise PeerError("the ClientHello is cut short") from None
    if at != end:
        raise PeerError("an extension runs past the end of the ClientHello")
    return ClientHello(offer, is_finite_field)


def _leads_to_finite_field(content: bytes) -> bool:
    """Whether the groups of a list are such that we would ask for a share in a finite field."""
    count = len(content) // 2
    if len(content) % 2 or count < 2 or (content[0] << 8 | content[1]) != len(content) - 2:
        raise PeerError("the list of groups does not fill its extension")
    groups = unpack(f">{count}H", content)[1:]
    return _CURVES.isdisjoint(groups) and any(group in _FINITE_FIELDS for group in groups)


def _has_finite_field(content: bytes) -> bool:
    """Whether one of the key shares is of a finite field."""
    at = 2
    found = False
    while at + 4 <= len(content):
        found |= (content[at] << 8 | content[at + 1]) in _FINITE_FIELDS
        at += 4 + (content[at + 2] << 8 | content[at + 3])
    if at != len(content) or (content[0] << 8 | content[1]) != len(content) - 2:
        raise PeerError("the key shares do not fill their extension")
    return found


def _protocols(content: bytes) -> tuple[bytes, ...]:
    """The names in an ALPN extension; one or more, none of them empty."""
    if len(content) < 2 or int.from_bytes(content[:2], "big") != len(content) - 2:
        raise PeerError("the ALPN list does not fill its extension")
    names = []
    at = 2
    while at < len(content):
        name = content[at + 1 : at + 1 + content[at]]
        if len(name) != content[at]:
            raise PeerError("an ALPN name is cut short")
        names.append(name)
        at += 1 + len(name)
    if not names or not all(names):
        raise PeerError("the ClientHello has an empty ALPN name or list")
    return tuple(names)
