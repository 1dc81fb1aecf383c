"""ClientHello bytes -> the name it asks for, the application protocols it offers, and the curves to hold its key
exchange to. Pure.

Python's ssl lets a client in that offers only protocols we do not speak, and afterwards such a client looks like one
that offered none. So the offer is read here, before OpenSSL sees a byte (RFC 7301 3.2 demands the refusal).

Nor can Python's ssl be told to leave out finite-field groups (RFC 7919). The largest of them costs us 120 ms a hello,
some 400 times what X25519 does, and whoever sends it nothing; no client of a resolver needs them. One that would be
taken beside a curve is passed over, as if this server knew no such groups (RFC 8446 4.1.1).

Rules of this reader: it holds at most one handshake message of MAX_HELLO_BYTES; each octet is looked at a bounded
number of times however the stream is cut; whatever is not a well-formed ClientHello is an error, never "no offer".
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import unpack

from app.errors import PeerError

MAX_HELLO_BYTES = 65536
"""A post-quantum hello is about 1.8 kB. More than this is somebody else's protocol, or an attack."""
MAX_HEADERS_BYTES = 16384
"""The headers of its records together: in records of one octet they would be five times as long as the hello."""

_HANDSHAKE_RECORD, _CLIENT_HELLO = 22, 1
_SERVER_NAME, _SUPPORTED_GROUPS, _ALPN, _KEY_SHARE = 0, 10, 16, 51
_READ = {_SERVER_NAME: "SNI", _SUPPORTED_GROUPS: "group", _ALPN: "ALPN", _KEY_SHARE: "key share"}
_FINITE_FIELDS = range(0x0100, 0x0200)  # RFC 8446 4.2.7
_CURVES = {0x0017: "prime256v1", 0x0018: "secp384r1", 0x0019: "secp521r1", 0x001D: "X25519", 0x001E: "X448"}
"""One of these is taken rather than a finite field, whatever else the client can. Not every OpenSSL has newer ones."""
_MAX_FRAGMENT_BYTES = 16384
_HEADER_OCTETS, _RECORD_HEADER_OCTETS = 4, 5


class Alert(IntEnum):
    """Why a handshake ends: the descriptions of RFC 8446 6 and RFC 7301 3.2 that a first flight can deserve."""

    UNEXPECTED_MESSAGE = 10
    RECORD_OVERFLOW = 22
    HANDSHAKE_FAILURE = 40
    ILLEGAL_PARAMETER = 47
    DECODE_ERROR = 50
    PROTOCOL_VERSION = 70
    NO_APPLICATION_PROTOCOL = 120

    @property
    def record(self) -> bytes:
        """The octets that tell it, in the clear: fatal, in a record of its own."""
        return bytes((21, 3, 3, 0, 2, 2, self))


class HelloError(PeerError):
    """These octets cannot become a ClientHello; `alert` says so to the client."""

    def __init__(self, why: str, alert: Alert = Alert.DECODE_ERROR) -> None:
        super().__init__(why)
        self.alert = alert


@dataclass(frozen=True, slots=True)
class ClientHello:
    """`protocols` is the ALPN offer in the client's order; None when it made none.

    `held_to` is None for nearly all. Where the keys could be exchanged in a finite field, it has OpenSSL's names of the
    curves to do it over instead, those first that the client sent a share for; empty if it knows none.
    """

    protocols: tuple[bytes, ...] | None
    held_to: tuple[str, ...] | None = None
    server_name: bytes = b""
    """In lower case; empty if it names none (RFC 6066 3)."""

    def accepts(self, protocol: bytes) -> bool:
        """True if the client offers `protocol`, or leaves the choice to us by offering nothing."""
        return self.protocols is None or protocol in self.protocols


class ClientHelloReader:
    """Collects the first flight. `feed` it what arrives; it returns the ClientHello once that is whole."""

    __slots__ = ("_headers_bytes", "_message", "_records")

    def __init__(self) -> None:
        self._records = b""
        self._message = b""
        self._headers_bytes = 0

    def feed(self, data: bytes) -> ClientHello | None:
        """The hello, or None while more octets are needed. Raises HelloError if this cannot become one."""
        stream = self._records + data
        at = 0
        fragments = [self._message]
        have, whole = len(self._message), _whole_octets(self._message)
        # What follows the hello is OpenSSL's to judge: early data may, and is passed over (RFC 8446 4.2.10).
        while have < whole and at < len(stream):
            if stream[at] != _HANDSHAKE_RECORD:
                raise HelloError("not TLS: the first record is not a handshake", Alert.UNEXPECTED_MESSAGE)
            begin = at + _RECORD_HEADER_OCTETS
            if len(stream) < begin:
                break
            length = _checked_length(stream[at:begin])
            if len(stream) - begin < length:
                break
            fragments.append(stream[begin : begin + length])
            at = begin + length
            have += length
            self._headers_bytes += _RECORD_HEADER_OCTETS
            if whole == _HEADER_OCTETS <= have:
                fragments = [b"".join(fragments)]
                whole = _whole_octets(fragments[0])
        self._records = stream[at:]
        self._message = b"".join(fragments)
        return self._whole()

    def _whole(self) -> ClientHello | None:
        message = self._message
        if message and message[0] != _CLIENT_HELLO:
            why = "not TLS: the first handshake message is not a ClientHello"
            raise HelloError(why, Alert.UNEXPECTED_MESSAGE)
        if self._headers_bytes > MAX_HEADERS_BYTES:
            raise HelloError("the ClientHello comes in too many small records")
        if len(message) < 4:
            return None
        length = int.from_bytes(message[1:4], "big")
        if length > MAX_HELLO_BYTES:
            raise HelloError(f"the ClientHello is {length} octets, more than {MAX_HELLO_BYTES}")
        if len(message) - 4 < length:
            return None
        if len(message) - 4 > length:
            raise HelloError("octets follow the ClientHello in its record", Alert.UNEXPECTED_MESSAGE)  # RFC 8446 5.1
        return _read(message[4:])


def _checked_length(header: bytes) -> int:
    """How many octets of handshake follow the header of a record (RFC 8446 5.1)."""
    length = header[3] << 8 | header[4]
    if header[1] != 3:
        raise HelloError("not TLS: a record header that no version has", Alert.PROTOCOL_VERSION)
    if not length:
        raise HelloError("a record of a handshake without content", Alert.UNEXPECTED_MESSAGE)
    if length > _MAX_FRAGMENT_BYTES:
        raise HelloError(f"a record of {length} octets, more than {_MAX_FRAGMENT_BYTES}", Alert.RECORD_OVERFLOW)
    return length


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
            raise HelloError("the ClientHello's extensions do not fill it")
        found: dict[int, bytes] = {}
        while at < end:
            kind, length = body[at] << 8 | body[at + 1], body[at + 2] << 8 | body[at + 3]
            at += 4 + length
            if kind in _READ:
                if kind in found:  # RFC 8446 4.2
                    raise HelloError(f"the ClientHello has two {_READ[kind]} extensions", Alert.ILLEGAL_PARAMETER)
                found[kind] = body[at - length : at]
    except IndexError:
        raise HelloError("the ClientHello is cut short") from None
    if at != end:
        raise HelloError("an extension runs past the end of the ClientHello")
    offer = _protocols(found[_ALPN]) if _ALPN in found else None
    groups = _groups(found[_SUPPORTED_GROUPS]) if _SUPPORTED_GROUPS in found else ()
    shares = _shares(found[_KEY_SHARE]) if _KEY_SHARE in found else ()
    return ClientHello(offer, _held_to(groups, shares), _host_name(found.get(_SERVER_NAME, b"")))


def _held_to(groups: tuple[int, ...], shares: tuple[int, ...]) -> tuple[str, ...] | None:
    """`held_to` of a ClientHello. A share in a finite field may be taken, and one be asked for where no curve is."""
    if not any(group in _FINITE_FIELDS for group in (groups if _CURVES.keys().isdisjoint(groups) else shares)):
        return None
    curves = [group for group in groups if group in _CURVES]
    return tuple(_CURVES[group] for group in sorted(curves, key=lambda group: group not in shares))


def _groups(content: bytes) -> tuple[int, ...]:
    """The groups that the client knows, in its order."""
    count = len(content) // 2
    if len(content) % 2 or count < 2 or (content[0] << 8 | content[1]) != len(content) - 2:
        raise HelloError("the list of groups does not fill its extension")
    return unpack(f">{count}H", content)[1:]


def _shares(content: bytes) -> tuple[int, ...]:
    """The groups that the client sent a key share for, in its order."""
    at = 2
    found = []
    while at + 4 <= len(content):
        found.append(content[at] << 8 | content[at + 1])
        at += 4 + (content[at + 2] << 8 | content[at + 3])
    if at != len(content) or (content[0] << 8 | content[1]) != len(content) - 2:
        raise HelloError("the key shares do not fill their extension")
    return tuple(found)


def _host_name(content: bytes) -> bytes:
    """The only name of the list, which is a host's; empty for what OpenSSL has to judge."""
    if len(content) < 5 or content[:3] != (len(content) - 2).to_bytes(2, "big") + b"\0":
        return b""
    name = content[5:]
    return name.lower() if len(name) == int.from_bytes(content[3:5], "big") else b""


def _protocols(content: bytes) -> tuple[bytes, ...]:
    """The names in an ALPN extension; one or more, none of them empty."""
    if len(content) < 2 or int.from_bytes(content[:2], "big") != len(content) - 2:
        raise HelloError("the ALPN list does not fill its extension")
    names = []
    at = 2
    while at < len(content):
        name = content[at + 1 : at + 1 + content[at]]
        if len(name) != content[at]:
            raise HelloError("an ALPN name is cut short")
        names.append(name)
        at += 1 + len(name)
    if not names or not all(names):
        raise HelloError("the ClientHello has an empty ALPN name or list")
    return tuple(names)
