"""The few fields of a DNS message that are needed, read in place (RFC 1035 4, RFC 6891 6.1). Pure.

Bounded time: names are walked label by label and pointers are never followed, because only lengths matter here.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, final

from app import dnsname
from app.errors import PeerError, UpstreamError

HEADER_OCTETS = 12
QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
OPCODE_MASK, RCODE_MASK = 0x7800, 0x000F
TYPE_A, TYPE_NS, TYPE_CNAME, TYPE_SOA, TYPE_PTR, TYPE_HINFO, TYPE_MX = 1, 2, 5, 6, 12, 13, 15
TYPE_AAAA, TYPE_OPT, TYPE_DS, TYPE_SVCB, TYPE_HTTPS, TYPE_ANY = 28, 41, 43, 64, 65, 255
TYPE_RRSIG, TYPE_NSEC, TYPE_NSEC3 = 46, 47, 50
SERVICE_TYPES = (TYPE_SVCB, TYPE_HTTPS)
TARGET_TYPES = frozenset((TYPE_CNAME, *SERVICE_TYPES))
"""Records of these lead to another name."""
_CLASS_IN = 1
_HEADER = struct.Struct("!6H")  # id, flags, and how many there are of each section
AFTER_OWNER = struct.Struct("!2HIH")  # type, class, TTL, octets of RDATA
_LEAST_DATAGRAM_OCTETS, _MOST_DATAGRAM_OCTETS = 512, 1232
_MOST_TTL_S = 86400
"""Nothing is kept for longer, also where a zone says years, for nobody could correct it (RFC 8767 4); as in unbound."""
_NOT_FORWARDED_TYPES = {251, 252}
"""IXFR and AXFR: a resolver has no zones to hand out."""


@final
class Rcode(IntEnum):
    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16


@final
class Unanswerable(PeerError):
    """Not a query: too short to hold a header, or itself an answer (answering it could start a loop)."""


@final
class BadQuery(PeerError):
    """A query that gets an error at once. `echo` is as much of the question, and `opt` of the OPT, as could be read."""

    __slots__ = ("echo", "opt", "rcode")

    def __init__(self, rcode: Rcode, echo: bytes = b"", opt: "Opt | None" = None) -> None:
        super().__init__(rcode.name)
        self.rcode = rcode
        self.echo = echo
        self.opt = opt


@final
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


@final
class Query(NamedTuple):
    """A well-formed query for class IN. `question` is its octets, the client's upper and lower case kept."""

    id: int
    flags: int
    question: bytes
    qtype: int
    opt: Opt | None


@final
class UpstreamResponse(NamedTuple):
    """A response without its OPT: `octets` whole from the header on; of every record in it `types` and `ttl_offsets`,
    first of so many `answers`, then of the `authorities`; `ttl_s` how long it may be kept: the smallest TTL at most
    (None when there is no record). `has_targets`: a record of its answer leads to another name."""

    octets: bytes
    flags: int
    rcode: int
    answers: int
    authorities: int
    opt: Opt | None
    types: tuple[int, ...]
    ttl_offsets: tuple[int, ...]
    ttl_s: int | None
    has_targets: bool


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
    number, flags, questions, *counts = _HEADER.unpack_from(message)
    if flags & QR:
        raise Unanswerable("a response")
    if flags & OPCODE_MASK:
        raise BadQuery(Rcode.NOTIMP, *_echo(message))
    if questions != 1:
        raise BadQuery(Rcode.FORMERR)  # RFC 9619: one question
    try:
        end = dnsname.skip(message, HEADER_OCTETS, pointers=False) + 4
        question = message[HEADER_OCTETS:end]
        opt = _read_additional(message, end) if any((len(message) - end, *counts)) else None
    except (IndexError, struct.error):
        raise BadQuery(Rcode.FORMERR) from None
    qtype, qclass = question[-4] << 8 | question[-3], question[-2] << 8 | question[-1]
    if qclass != _CLASS_IN or qtype in _NOT_FORWARDED_TYPES:
        raise BadQuery(Rcode.REFUSED, question, opt)
    if any(counts[:2]):
        raise BadQuery(Rcode.FORMERR, question, opt)  # only IXFR brings a record (RFC 1995 3)
    if opt is not None and opt.version:
        raise BadQuery(Rcode.BADVERS, question, opt)
    return Query(number, flags, question, qtype, opt)


def _read_additional(message: bytes, at: int) -> Opt | None:
    """The OPT of a message whose question ends at `at`. Raises IndexError or struct.error for what RFC 6891 6.1.1 calls
    FORMERR, and for a message that ends anywhere but with its last record."""
    opt = None
    _, _, _, answers, authorities, additionals = _HEADER.unpack_from(message)
    for number in range(answers + authorities + additionals):
        root_owned = message[at] == 0
        at = dnsname.skip(message, at, pointers=True)
        rtype, payload_octets, ttl, octets = AFTER_OWNER.unpack_from(message, at)
        begin, at = at + AFTER_OWNER.size, at + AFTER_OWNER.size + octets
        if at > len(message):
            raise IndexError
        if rtype == TYPE_OPT and number >= answers + authorities:
            if opt is not None or not root_owned:
                raise IndexError
            opt = Opt(payload_octets, ttl, message[begin:at])
    if at != len(message):
        raise IndexError
    return opt


def read_response(message: bytes) -> UpstreamResponse:
    """A response from upstream, taken apart at its OPT. Raises UpstreamError if it is not a well-formed response."""
    try:
        _, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(message)
        if not flags & QR:
            raise IndexError
        at = HEADER_OCTETS
        for _ in range(questions):
            at = dnsname.skip(message, at, pointers=False) + 4
        types: list[int] = []
        offsets: list[int] = []
        ttls: list[int] = []
        opts: list[tuple[int, int]] = []
        for number in range(answers + authorities + additionals):
            start = at
            at = at + 2 if message[at] >= dnsname.POINTER else dnsname.skip(message, at, pointers=True)
            rtype, _, ttl_s, octets = AFTER_OWNER.unpack_from(message, at)
            ttl_at, at = at + 4, at + AFTER_OWNER.size + octets
            if rtype == TYPE_OPT:
                opts.append((number, start))
                continue
            if ttl_s > _MOST_TTL_S:
                ttl_s = 0 if ttl_s & 0x80000000 else _MOST_TTL_S  # RFC 2181 8
                message = message[:ttl_at] + ttl_s.to_bytes(4, "big") + message[ttl_at + 4 :]
            types.append(rtype)
            offsets.append(ttl_at)
            ttls.append(ttl_s)
        if at > len(message):
            raise IndexError
    except (IndexError, struct.error):
        raise UpstreamError("the response is malformed") from None
    message, opt, ttl_s = message[:at], None, min(ttls, default=None)
    if opts:
        message, opt, offsets = _without_opt(message, opts, offsets, answers + authorities)
    has_targets, rcode = not TARGET_TYPES.isdisjoint(types[:answers]), flags & RCODE_MASK
    return UpstreamResponse(
        message, flags, rcode, answers, authorities, opt, tuple(types), tuple(offsets), ttl_s, has_targets
    )


def _without_opt(
    octets: bytes, opts: list[tuple[int, int]], offsets: list[int], before_additional: int
) -> tuple[bytes, Opt, list[int]]:
    """A response without its OPT, the OPT, and where the TTLs are then: `opts` are the number and the begin of each.

    There may be one, owned by the root, after the other sections (RFC 6891 6.1.1); raises UpstreamError.
    """
    (number, start), *more = opts
    if more or number < before_additional or octets[start]:
        raise UpstreamError("the response has an OPT where none may be")
    _, payload_octets, ttl, rdata_octets = AFTER_OWNER.unpack_from(octets, start + 1)
    begin = start + 1 + AFTER_OWNER.size
    end = begin + rdata_octets
    if end < len(octets):  # there are records behind it
        offsets = [at if at < start else at - (end - start) for at in offsets]
    whole = octets[:10] + (_HEADER.unpack_from(octets)[5] - 1).to_bytes(2, "big") + octets[12:start] + octets[end:]
    return whole, Opt(payload_octets, ttl, octets[begin:end]), offsets


def _echo(message: bytes) -> tuple[bytes, Opt | None]:
    """The question and the OPT of a message of any opcode, as far as they can be read."""
    question = b""
    try:
        end = dnsname.skip(message, HEADER_OCTETS, pointers=False) + 4
        if end > len(message) or u16(message, 4) != 1:
            return b"", None
        question = message[HEADER_OCTETS:end]
        return question, _read_additional(message, end)
    except (IndexError, struct.error):
        return question, None
