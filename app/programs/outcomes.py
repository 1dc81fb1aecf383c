"""What the resolver really answers to a question. Pure."""

from enum import StrEnum
from ipaddress import ip_address
from typing import NamedTuple, final

from app import dnsname
from app.answer import edns, rebinding, records, wire
from app.answer.wire import Rcode, UpstreamResponse


@final
class RealOutcome(StrEnum):
    """What a client gets, the worst first: of a name's types the first one that is true of any counts."""

    BOGUS = "signatures are wrong"
    UNREACHABLE = "nobody reachable"
    FAILED = "failed"
    FILTERED = "blocked upstream"
    HOME = "private address taken out"
    NO_NAME = "no such name"
    NO_RECORD = "no such record"
    BLOCKED = "blocked here"
    ANSWERED = "answered"


@final
class RealAnswer(NamedTuple):
    """Of the type `kind`: its `values` as text, if there are any, and `where` it comes from. `zones` are those whose
    servers or signatures count, "" the root. `is_known`: it was there before. `reason` is who decided it wrote."""

    kind: str
    outcome: RealOutcome
    values: tuple[str, ...] = ()
    where: str = ""
    zones: tuple[str, ...] = ()
    is_validated: bool = False
    is_known: bool = False
    is_stale: bool = False
    reason: str = ""


UNKNOWN = "\\#"
"""What a value begins with that is shown in the form for unknown types (RFC 3597 5)."""
_ADDRESSES = {wire.TYPE_A, wire.TYPE_AAAA}
_NAMES = {wire.TYPE_NS, wire.TYPE_CNAME, wire.TYPE_PTR}
_EDE_CENSORED, _EDE_PROHIBITED = 16, 18
_FILTERS = {edns.EDE_BLOCKED, _EDE_CENSORED, edns.EDE_FILTERED, _EDE_PROHIBITED}
_BOGUS = {
    6: "they do not fit",
    7: "they have ended",
    8: "they begin in the future",
    9: "its key is not the one that the zone above vouches for",
    10: "they are missing",
    12: "the proof that there is nothing is missing",
}
"""Of RFC 8914 4.7 to 4.13, what happens."""


def outcome(answer: UpstreamResponse, said: UpstreamResponse | None, qtype: int) -> tuple[RealOutcome, str]:
    """What became of the question for `qtype`, to which `answer` is what clients get and `said` what upstream said, if
    it was asked and spoke; and the reason that stands in it, if there is one."""
    if answer.rcode == Rcode.SERVFAIL:
        return _failure(answer, said)
    decided = _decided(answer, said, qtype)
    if decided is not None:
        return decided
    if answer.rcode == Rcode.NXDOMAIN:
        return RealOutcome.NO_NAME, ""
    if answer.rcode != Rcode.NOERROR:
        return RealOutcome.FAILED, edns.texts(answer.opt) or f"RCODE {answer.rcode}"
    return (RealOutcome.ANSWERED if values(answer, qtype) else RealOutcome.NO_RECORD), ""


def _failure(answer: UpstreamResponse, said: UpstreamResponse | None) -> tuple[RealOutcome, str]:
    text, bogus = edns.texts(answer.opt), edns.error_codes(answer.opt) & edns.EDES_OF_VALIDATION
    if bogus:
        return RealOutcome.BOGUS, next((_BOGUS[code] for code in sorted(bogus, reverse=True) if code in _BOGUS), text)
    is_ours = bool(text) and said is not None and not edns.texts(said.opt)
    return (RealOutcome.FAILED, text) if is_ours else (RealOutcome.UNREACHABLE, text)


def _decided(answer: UpstreamResponse, said: UpstreamResponse | None, qtype: int) -> tuple[RealOutcome, str] | None:
    """By a rule of somebody's, who says so (RFC 8914 4.5, 4.16 to 4.19)."""
    codes, text = edns.error_codes(answer.opt), edns.texts(answer.opt)
    if edns.EDE_BLOCKED in codes and text == rebinding.SETTING:
        return (RealOutcome.ANSWERED if values(answer, qtype) else RealOutcome.HOME), ""
    if edns.EDE_FILTERED in codes or (said is not None and _FILTERS & edns.error_codes(said.opt)):
        return RealOutcome.FILTERED, text
    return (RealOutcome.BLOCKED, text) if codes & {edns.EDE_FORGED, edns.EDE_BLOCKED} else None


def values(answer: UpstreamResponse, qtype: int) -> tuple[str, ...]:
    """The records of the type that was asked for, as text. Raises UpstreamError."""
    found = (each for each in records.read(answer.octets, (qtype,)) if each.section == records.ANSWER)
    return tuple(_value(qtype, each.rdata) for each in found)


def denying_zone(answer: UpstreamResponse) -> str | None:
    """The zone that says no, by its SOA (RFC 2308 3); None if there is none. Raises UpstreamError."""
    found = (each for each in records.read(answer.octets, (wire.TYPE_SOA,)) if each.section == records.AUTHORITY)
    return next((dnsname.text(each.owner).lower() for each in found), None)


def _value(qtype: int, rdata: bytes) -> str:
    """As in a zone file; what would take a table is in the form for unknown types (RFC 3597 5)."""
    try:
        if qtype in _ADDRESSES:
            return str(ip_address(rdata))
        if qtype in _NAMES:
            return dnsname.read_text(rdata, 0)
        if qtype == wire.TYPE_MX:
            return f"{wire.u16(rdata, 0)} {dnsname.read_text(rdata, 2)}"
    except (IndexError, ValueError):
        pass
    return f"{UNKNOWN} {len(rdata)} {rdata.hex()}"
