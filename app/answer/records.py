"""Records of our own, and those of upstream's answer taken apart. Pure."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from app.errors import UpstreamError

from . import names, wire
from .wire import Rcode

ASKED = b"\xc0\x0c"
"""The owner of a record in an answer, when it is the name that was asked: a pointer to the question."""

(
    TYPE_A,
    TYPE_NS,
    TYPE_CNAME,
    TYPE_SOA,
    TYPE_PTR,
    TYPE_MX,
    TYPE_AAAA,
    TYPE_DS,
) = 1, 2, 5, 6, 12, 15, 28, 43
TYPE_SVCB, TYPE_HTTPS = SERVICE_TYPES = 64, 65
ANSWER, AUTHORITY, ADDITIONAL = 0, 1, 2

_MOST_ALIASES = 32
_LEADING_TYPES = (TYPE_CNAME, *SERVICE_TYPES)
_NAMES_IN_RDATA = {TYPE_NS: (0, 1), TYPE_CNAME: (0, 1), TYPE_PTR: (0, 1), TYPE_MX: (2, 1), TYPE_SOA: (0, 2)}
_NAMES_IN_RDATA |= {3: (0, 1), 4: (0, 1), 7: (0, 1), 8: (0, 1), 9: (0, 1), 14: (0, 2)}  # MD, MF, MB, MG, MR, MINFO
"""Octets before the names, and how many names: these types may be compressed inside (RFC 3597 4), newer ones not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An answer made here: records in wire form, and `errors` as EDE options (RFC 8914).

    With `chase` the answer of upstream for that name belongs after `answer`. With `only_at` it is for those who asked
    one of these addresses of ours, and there is nothing for others.
    """

    rcode: Rcode = Rcode.NOERROR
    answer: tuple[bytes, ...] = ()
    authority: tuple[bytes, ...] = ()
    additional: tuple[bytes, ...] = ()
    errors: bytes = b""
    chase: str = ""
    only_at: frozenset[str] = frozenset()

    def after_question(self, question: bytes) -> bytes:
        """Everything after the flags of a message."""
        sections = (self.answer, self.authority, self.additional)
        counts = b"".join(len(section).to_bytes(2, "big") for section in sections)
        return b"\0\1" + counts + question + b"".join(record for section in sections for record in section)


class Record(NamedTuple):
    """One of upstream's, nothing in it compressed."""

    section: int
    owner: list[bytes]
    type: int
    ttl_s: int
    rdata: bytes

    def octets(self) -> bytes:
        return record(names.to_wire(self.owner), self.type, self.ttl_s, self.rdata)


class Alias(NamedTuple):
    """A name that an answer leads to: the target of SVCB or HTTPS (RFC 9460 2) if `is_target`, else that of CNAME."""

    name: str
    is_target: bool


def record(owner: bytes, rtype: int, ttl_s: int, rdata: bytes) -> bytes:
    """A record of class IN; `owner` in wire form."""
    fixed = rtype.to_bytes(2, "big") + b"\0\1" + ttl_s.to_bytes(4, "big")
    return owner + fixed + len(rdata).to_bytes(2, "big") + rdata


def address(owner: bytes, value: IPv4Address | IPv6Address, ttl_s: int) -> bytes:
    return record(owner, address_type(value), ttl_s, value.packed)


def address_type(value: IPv4Address | IPv6Address) -> int:
    return TYPE_A if value.version == 4 else TYPE_AAAA


def soa(zone: bytes, ttl_s: int) -> bytes:
    """Lets a negative answer be kept for `ttl_s` (RFC 2308 3, 5); names and timers as RFC 6303 3 has them."""
    numbers = b"".join(number.to_bytes(4, "big") for number in (1, 3600, 1200, 604800, ttl_s))
    return record(zone, TYPE_SOA, ttl_s, zone + b"\6nobody\7invalid\0" + numbers)


def read(response: bytes, types: Container[int] | None = None) -> Iterator[Record]:
    """The records of a response that `wire.read_response` accepts, or those of `types` alone.

    A stranger may fill 64 KiB with records of one long name: it is read once. Raises UpstreamError for a name that has
    no end.
    """
    owners: dict[bytes, list[bytes]] = {}
    try:
        at = names.read(response, wire.HEADER_OCTETS)[1] + 4
        for section, offset in ((ANSWER, 6), (AUTHORITY, 8), (ADDITIONAL, 10)):
            for _ in range(wire.u16(response, offset)):
                start, at = at, wire.skip_name(response, at, pointers=True)
                rtype, ttl_s = wire.u16(response, at), int.from_bytes(response[at + 4 : at + 8], "big")
                end = at + 10 + wire.u16(response, at + 8)
                if types is None or rtype in types:
                    written = response[start:at]
                    owner = owners.get(written) or names.read(response, start)[0]
                    owners[written] = owner
                    yield Record(section, owner, rtype, ttl_s, _rdata(response, rtype, at + 10, end))
                at = end
    except IndexError:
        raise UpstreamError("a name in the response is malformed") from None


def _rdata(response: bytes, rtype: int, at: int, end: int) -> bytes:
    if rtype not in _NAMES_IN_RDATA:
        return response[at:end]
    before, count = _NAMES_IN_RDATA[rtype]
    parts = [response[at : at + before]]
    at += before
    for _ in range(count):
        labels, at = names.read(response, at)
        parts.append(names.to_wire(labels))
    return b"".join(parts) + response[at:end]


def aliases(response: bytes) -> list[Alias]:
    """Where the answer leads, in its order. Raises UpstreamError like `read`, and for more names than anybody needs."""
    found: list[Alias] = []
    for section, _, rtype, _, rdata in read(response, _LEADING_TYPES):
        if section != ANSWER:
            break
        try:
            if rtype == TYPE_CNAME:
                found.append(Alias(names.asked(rdata), is_target=False))
            elif rtype in SERVICE_TYPES and rdata[2] != 0:  # the root is the owner itself, or nobody
                found.append(Alias(names.asked(rdata[2:]), is_target=True))
        except IndexError:
            raise UpstreamError("a target in the response is malformed") from None
        if len(found) > _MOST_ALIASES:
            raise UpstreamError("the response leads to too many names")
    return found
