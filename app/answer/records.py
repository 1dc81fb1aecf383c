"""Records of our own, and those of upstream's answer taken apart. Pure."""

import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import islice
from typing import NamedTuple, final

from app import dnsname, svcparams
from app.errors import UpstreamError

from . import wire
from .wire import Rcode

QNAME = b"\xc0\x0c"
"""The owner of a record in an answer, when it is the name that was asked: a pointer to the question."""

ANSWER, AUTHORITY, ADDITIONAL = 0, 1, 2

_MOST_TARGETS, _MOST_ADDRESSES = 32, 1024
_NAMES_IN_RDATA = {
    wire.TYPE_NS: (0, 1),
    wire.TYPE_CNAME: (0, 1),
    wire.TYPE_PTR: (0, 1),
    wire.TYPE_MX: (2, 1),
    wire.TYPE_SOA: (0, 2),
}
_NAMES_IN_RDATA |= {3: (0, 1), 4: (0, 1), 7: (0, 1), 8: (0, 1), 9: (0, 1), 14: (0, 2)}  # MD, MF, MB, MG, MR, MINFO
"""Octets before the names, and how many names: these types may be compressed inside (RFC 3597 4), newer ones not."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LocalResponse:
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


@final
class Record(NamedTuple):
    """One of upstream's, nothing in it compressed."""

    section: int
    owner: list[bytes]
    type: int
    ttl_s: int
    rdata: bytes

    def octets(self) -> bytes:
        return record(dnsname.labels_to_wire(self.owner), self.type, self.ttl_s, self.rdata)


@final
class Target(NamedTuple):
    """A name that an answer leads to, of SVCB or HTTPS (RFC 9460 2) if `is_service`, else of CNAME; or an address, that
    such a record hints at if `is_service`."""

    name: str
    is_service: bool

    @property
    def is_address(self) -> bool:
        return ":" in self.name or self.name[-1:].isdigit()

    @property
    def rtype(self) -> int:
        """Of the record that leads there, as rules for one type mean it."""
        if self.is_service:
            return wire.TYPE_HTTPS
        if not self.is_address:
            return wire.TYPE_CNAME
        return wire.TYPE_AAAA if ":" in self.name else wire.TYPE_A


def record(owner: bytes, rtype: int, ttl_s: int, rdata: bytes) -> bytes:
    """A record of class IN; `owner` in wire form."""
    fixed = rtype.to_bytes(2, "big") + b"\0\1" + ttl_s.to_bytes(4, "big")
    return owner + fixed + len(rdata).to_bytes(2, "big") + rdata


def address(owner: bytes, value: IPv4Address | IPv6Address, ttl_s: int) -> bytes:
    return record(owner, address_type(value), ttl_s, value.packed)


def address_type(value: IPv4Address | IPv6Address) -> int:
    return wire.TYPE_A if value.version == 4 else wire.TYPE_AAAA


def soa(zone: bytes, ttl_s: int) -> bytes:
    """Lets a negative answer be kept for `ttl_s` (RFC 2308 3, 5); names and timers as RFC 6303 3 has them."""
    numbers = b"".join(number.to_bytes(4, "big") for number in (1, 3600, 1200, 604800, ttl_s))
    return record(zone, wire.TYPE_SOA, ttl_s, zone + b"\6nobody\7invalid\0" + numbers)


def read(response: bytes, types: Container[int] | None = None) -> Iterator[Record]:
    """The records of a response that `wire.read_response` accepts, or those of `types` alone.

    A stranger may fill 64 KiB with records of one long name: it is read once. Raises UpstreamError for a name that has
    no end.
    """
    owners: dict[bytes, list[bytes]] = {}
    try:
        at = dnsname.skip(response, wire.HEADER_OCTETS, pointers=False) + 4
        for section, offset in ((ANSWER, 6), (AUTHORITY, 8), (ADDITIONAL, 10)):
            for _ in range(wire.u16(response, offset)):
                start, at = at, dnsname.skip(response, at, pointers=True)
                rtype, _, ttl_s, octets = wire.AFTER_OWNER.unpack_from(response, at)
                end = at + wire.AFTER_OWNER.size + octets
                if types is None or rtype in types:
                    written = response[start:at]
                    owner = owners.get(written) or dnsname.read(response, start)[0]
                    owners[written] = owner
                    yield Record(section, owner, rtype, ttl_s, _rdata(response, rtype, end - octets, end))
                at = end
    except (IndexError, struct.error):
        raise UpstreamError("a name in the response is malformed") from None


def _rdata(response: bytes, rtype: int, at: int, end: int) -> bytes:
    if rtype not in _NAMES_IN_RDATA:
        return response[at:end]
    before, count = _NAMES_IN_RDATA[rtype]
    parts = [response[at : at + before]]
    at += before
    for _ in range(count):
        labels, at = dnsname.read(response, at)
        parts.append(dnsname.labels_to_wire(labels))
    return b"".join(parts) + response[at:end]


def addresses(response: bytes) -> list[Target]:
    """The addresses in the answer, also those that HTTPS and SVCB records give as hints, which browsers dial too (RFC
    9460 7.3). Raises UpstreamError like `read`, and for more than anybody needs."""
    found: list[Target] = []
    for each in read(response, (wire.TYPE_A, wire.TYPE_AAAA, *wire.SERVICE_TYPES)):
        if each.section != ANSWER:
            break
        if each.type in wire.SERVICE_TYPES:
            found += (Target(str(hint), is_service=True) for hint in hints(each.rdata, _MOST_ADDRESSES + 1))
        elif len(each.rdata) in (4, 16):
            found.append(Target(str(ip_address(each.rdata)), is_service=False))
        if len(found) > _MOST_ADDRESSES:
            raise UpstreamError("the response has too many addresses")
    return found


def hints(rdata: bytes, most: int) -> list[IPv4Address | IPv6Address]:
    """The first addresses among the parameters of an HTTPS or SVCB record (RFC 9460 2.2). Raises UpstreamError."""
    try:
        return list(islice(svcparams.hints(rdata[dnsname.skip(rdata, 2, pointers=False) :]), most))
    except (IndexError, ValueError) as error:
        raise UpstreamError(f"a record in the response is malformed: {error}") from None


def targets(response: bytes) -> list[Target]:
    """Where the answer leads, in its order. Raises UpstreamError like `read`, and for more names than anybody needs."""
    found: list[Target] = []
    for section, _, rtype, _, rdata in read(response, wire.TARGET_TYPES):
        if section != ANSWER:
            break
        try:
            if rtype == wire.TYPE_CNAME:
                found.append(Target(dnsname.read_text(rdata, 0), is_service=False))
            elif rdata[2] != 0:  # the root is the owner itself, or nobody
                found.append(Target(dnsname.read_text(rdata, 2), is_service=True))
        except IndexError:
            raise UpstreamError("a target in the response is malformed") from None
        if len(found) > _MOST_TARGETS:
            raise UpstreamError("the response leads to too many names")
    return found
