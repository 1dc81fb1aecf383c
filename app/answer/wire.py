"""The few fields of a DNS message that are needed, read in place (RFC 1035 4, RFC 6891 6.1). Pure.

Bounded time: names are walked label by label and pointers are never followed, because only lengths matter here.
"""

from dataclasses import dataclass
from enum import IntEnum

from app.errors import PeerError, UpstreamError

HEADER_OCTETS = 12
QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
OPCODE_MASK, RCODE_MASK = 0x7800, 0x000F
TYPE_HINFO, TYPE_OPT, TYPE_ANY = 13, 41, 255
_CLASS_IN = 1
_MOST_NAME_OCTETS = 255
_LEAST_DATAGRAM_OCTETS, _MOST_DATAGRAM_OCTETS = 512, 1232
_MOST_TTL_S = 86400
"""Nothing is kept for longer, also where a zone says years, for nobody could correct it (RFC 8767 4); as in unbound."""
_NOT_FORWARDED_TYPES = {251, 252}
"""IXFR and AXFR: a resolver has no zones to hand out."""


class Rcode(IntEnum):
    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16


class Unanswerable(PeerError):
    """Not a query: too short to hold a header, or itself an answer (answering it could start a loop)."""


class BadQuery(PeerError):
    """A query that gets an error at once. `echo` is as much of the question, and `opt` of the OPT, as could be read."""

    def __init__(self, rcode: Rcode, echo: bytes = b"", opt: "Opt | None" = None) -> None:
        super().__init__(rcode.name)
        self.rcode = rcode
        self.echo = echo
        self.opt = opt


@dataclass(frozen=True, slots=True)
class Opt:
    """An OPT record: `ttl` is extended RCODE, version and flags (RFC 6891 6.1.3); `options` is its RDATA."""

    payload_octets: int
    ttl: int
    options: bytes

    @property
    def version(self) -> int:
        return self.ttl >> 16 & 0xFF

    @property
    def dnssec_ok(self) -> bool:
        return bool(self.ttl & 0x8000)


@dataclass(frozen=True, slots=True)
class Query:
    """A well-formed query for class IN. `question` is its octets, the client's upper and lower case kept."""

    id: int
    flags: int
    question: bytes
    opt: Opt | None

    @property
    def qtype(self) -> int:
        return u16(self.question, len(self.question) - 4)


@dataclass(frozen=True, slots=True)
class Response:
    """A response without its OPT: `octets` whole from the header on, `ttl_offsets` of every record in it, `ttl_s` how
    long it may be kept: the smallest TTL at most (None when there is no record)."""

    octets: bytes
    opt: Opt | None
    ttl_offsets: tuple[int, ...]
    ttl_s: int | None

    @property
    def flags(self) -> int:
        return self.octets[2] << 8 | self.octets[3]

    @property
    def rcode(self) -> int:
        return self.octets[3] & RCODE_MASK


def fit_datagram(message: bytes, answer: bytes) -> bytes:
    """`answer` to the query `message` over UDP: whole if the client can take it, else cut down to its OPT with TC set.

    512 octets without EDNS, what the client says up to 1232 with it (RFC 6891 6.2.5, RFC 9715 3.1).
    """
    if len(answer) <= _LEAST_DATAGRAM_OCTETS:
        return answer
    query = read_query(message)  # only well-formed queries get long answers
    if query.opt is not None and len(answer) <= min(query.opt.payload_octets, _MOST_DATAGRAM_OCTETS):
        return answer
    opt = read_response(answer).opt
    record = b""
    if opt is not None:
        size = len(opt.options).to_bytes(2, "big")
        record = b"\0\0\x29" + opt.payload_octets.to_bytes(2, "big") + opt.ttl.to_bytes(4, "big") + size + opt.options
    flags = (u16(answer, 2) | TC).to_bytes(2, "big")
    counts = b"\0\1\0\0\0\0" + (b"\0\1" if record else b"\0\0")
    return answer[:2] + flags + counts + query.question + record


def u16(octets: bytes, at: int) -> int:
    return octets[at] << 8 | octets[at + 1]


def read_query(message: bytes) -> Query:
    """Raises Unanswerable or BadQuery; everything else about a query is upstream's to judge."""
    if len(message) < HEADER_OCTETS:
        raise Unanswerable("shorter than a header")
    flags = u16(message, 2)
    if flags & QR:
        raise Unanswerable("a response")
    if flags & OPCODE_MASK:
        raise BadQuery(Rcode.NOTIMP, *_echo(message))
    if u16(message, 4) != 1:
        raise BadQuery(Rcode.FORMERR)  # RFC 9619: one question
    try:
        end = skip_name(message, HEADER_OCTETS, pointers=False) + 4
        if end > len(message):
            raise IndexError
        question = message[HEADER_OCTETS:end]
        opt = _read_additional(message, end)
    except IndexError:
        raise BadQuery(Rcode.FORMERR) from None
    if u16(question, len(question) - 2) != _CLASS_IN or u16(question, len(question) - 4) in _NOT_FORWARDED_TYPES:
        raise BadQuery(Rcode.REFUSED, question, opt)
    if u16(message, 6) or u16(message, 8):
        raise BadQuery(Rcode.FORMERR, question, opt)  # only IXFR brings a record (RFC 1995 3)
    if opt is not None and opt.version:
        raise BadQuery(Rcode.BADVERS, question, opt)
    return Query(u16(message, 0), flags, question, opt)


def _read_additional(message: bytes, at: int) -> Opt | None:
    """The OPT of a message whose question ends at `at`. Raises IndexError for what RFC 6891 6.1.1 calls FORMERR."""
    opt = None
    for _ in range(u16(message, 6) + u16(message, 8)):
        at = skip_name(message, at, pointers=True)
        at += 10 + u16(message, at + 8)
    for _ in range(u16(message, 10)):
        root_owned = message[at] == 0
        at = skip_name(message, at, pointers=True)
        end = at + 10 + u16(message, at + 8)
        if end > len(message):
            raise IndexError
        if u16(message, at) == TYPE_OPT:
            if opt is not None or not root_owned:
                raise IndexError
            opt = _opt(message, at, end)
        at = end
    if at != len(message):
        raise IndexError
    return opt


def read_response(message: bytes) -> Response:
    """A response from upstream, taken apart at its OPT. Raises UpstreamError if it is not a well-formed response."""
    try:
        if len(message) < HEADER_OCTETS or not message[2] & 0x80:
            raise IndexError
        at = HEADER_OCTETS
        for _ in range(u16(message, 4)):
            at = skip_name(message, at, pointers=False) + 4
        opt = None
        opt_from = opt_to = len(message)
        offsets: list[int] = []
        ttls: list[int] = []
        before_additional = u16(message, 6) + u16(message, 8)
        for number in range(before_additional + u16(message, 10)):
            start = at
            at = skip_name(message, at, pointers=True)
            end = at + 10 + u16(message, at + 8)
            if u16(message, at) == TYPE_OPT:
                if opt is not None or number < before_additional or message[start]:
                    raise IndexError  # RFC 6891 6.1.1
                opt, opt_from, opt_to = _opt(message, at, end), start, end
            else:
                offsets.append(at + 4 if opt is None else at + 4 - (opt_to - opt_from))
                ttl_s = int.from_bytes(message[at + 4 : at + 8], "big")
                if ttl_s > _MOST_TTL_S:
                    ttl_s = 0 if ttl_s & 0x80000000 else _MOST_TTL_S  # RFC 2181 8
                    message = message[: at + 4] + ttl_s.to_bytes(4, "big") + message[at + 8 :]
                ttls.append(ttl_s)
            at = end
        if at > len(message):
            raise IndexError
    except IndexError:
        raise UpstreamError("the response is malformed") from None
    least_ttl_s = min(ttls, default=None)
    if opt is None:
        return Response(message[:at], None, tuple(offsets), least_ttl_s)
    additional = u16(message, 10) - 1
    octets = message[:10] + additional.to_bytes(2, "big") + message[12:opt_from] + message[opt_to:at]
    return Response(octets, opt, tuple(offsets), least_ttl_s)


def _opt(message: bytes, at: int, end: int) -> Opt:
    return Opt(u16(message, at + 2), int.from_bytes(message[at + 4 : at + 8], "big"), message[at + 10 : end])


def skip_name(message: bytes, at: int, *, pointers: bool) -> int:
    """The offset after the name at `at`. Raises IndexError past the end, for a reserved label, for over 255 octets."""
    start = at
    while True:
        length = message[at]
        if length == 0:
            return at + 1
        if length >= 0xC0 and pointers:
            return at + 2
        at += length + 1
        if length > 63 or at - start >= _MOST_NAME_OCTETS:
            raise IndexError


def _echo(message: bytes) -> tuple[bytes, Opt | None]:
    """The question and the OPT of a message of any opcode, as far as they can be read."""
    question = b""
    try:
        end = skip_name(message, HEADER_OCTETS, pointers=False) + 4
        if end > len(message) or u16(message, 4) != 1:
            return b"", None
        question = message[HEADER_OCTETS:end]
        return question, _read_additional(message, end)
    except IndexError:
        return question, None
