"""The OPT record of our own answers: extended errors, keepalive, padding (RFC 6891, 7828, 7830, 8467, 8914). Pure.

OPT is hop by hop: what the client sent is read here and goes no further; what upstream sent is reduced to its extended
errors and its extended RCODE.
"""

from collections.abc import Iterator
from typing import final

from .wire import Opt

OPTION_KEEPALIVE, OPTION_PADDING, OPTION_EDE = 11, 12, 15
PADDING_BLOCK_OCTETS = 468
"""RFC 8467 4.1: answers are padded to a multiple of this."""

EDE_STALE_ANSWER, EDE_FORGED, EDE_BLOCKED, EDE_NO_REACHABLE_AUTHORITY, EDE_NETWORK_ERROR = 3, 4, 15, 22, 23
EDE_OTHER, EDE_FILTERED, EDE_STALE_NXDOMAIN_ANSWER, EDE_NOT_AUTHORITATIVE = 0, 17, 19, 20
OF_VALIDATION = frozenset(range(5, 13))
"""From DNSSEC Indeterminate to NSEC Missing (RFC 8914 4.6 to 4.13)."""
_OPT_FIXED_OCTETS = 11
_OUR_PAYLOAD_OCTETS = 1232
_DO = 0x8000


@final
class MalformedOption(ValueError):
    """An option that must be answered with FORMERR."""


def options(rdata: bytes) -> Iterator[tuple[int, bytes]]:
    """Each option's code and data. Raises MalformedOption if one runs past the end (RFC 6891 6.1.2)."""
    at = 0
    while at < len(rdata):
        header = rdata[at : at + 4]
        length = int.from_bytes(header[2:], "big")
        if len(header) < 4 or at + 4 + length > len(rdata):
            raise MalformedOption("an option is cut short")
        yield int.from_bytes(header[:2], "big"), rdata[at + 4 : at + 4 + length]
        at += 4 + length


def requested(opt: Opt) -> tuple[bool, bool]:
    """Whether the client wants padding, and keepalive.

    Raises MalformedOption, also for a keepalive with a value (RFC 7828 3.2).
    """
    padding = keepalive = False
    for code, data in options(opt.options):
        if code == OPTION_PADDING:
            padding = True
        elif code == OPTION_KEEPALIVE:
            if data:
                raise MalformedOption("keepalive with a value")
            keepalive = True
    return padding, keepalive


def wants_padding(opt: Opt) -> bool:
    """Whether the client wants padding, also where another of its options earns it an error (RFC 7830 4)."""
    try:
        return any(code == OPTION_PADDING for code, _ in options(opt.options))
    except MalformedOption:
        return False


def extended_errors(opt: Opt | None) -> bytes:
    """The EDE options of upstream's OPT, as they stand; nothing if its options cannot be read."""
    return b"".join(option(OPTION_EDE, data) for data in _extended_errors(opt))


def is_stale(opt: Opt | None) -> bool:
    """Whether upstream says that its answer was true once (RFC 8914 4.4, 4.20)."""
    return not error_codes(opt).isdisjoint({EDE_STALE_ANSWER, EDE_STALE_NXDOMAIN_ANSWER})


def error_codes(opt: Opt | None) -> set[int]:
    """The codes of upstream's extended errors."""
    return {int.from_bytes(data[:2], "big") for data in _extended_errors(opt)}


def reasons_of_failure(opt: Opt | None) -> bytes:
    """The same for a SERVFAIL, which never goes without a reason.

    unbound gives none when servers were silent or refused, and again from its cache; 1.17 called that a stale
    answer.
    """
    reasons = [data for data in _extended_errors(opt) if data[:2] != EDE_STALE_ANSWER.to_bytes(2, "big")]
    return b"".join(option(OPTION_EDE, data) for data in reasons) or extended_error(EDE_NO_REACHABLE_AUTHORITY)


def _extended_errors(opt: Opt | None) -> list[bytes]:
    try:
        return [data for code, data in options(opt.options) if code == OPTION_EDE] if opt else []
    except MalformedOption:
        return []


def option(code: int, data: bytes) -> bytes:
    return code.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data


def extended_error(info_code: int, text: str = "") -> bytes:
    """An EDE option (RFC 8914 2)."""
    return option(OPTION_EDE, info_code.to_bytes(2, "big") + text.encode())


def text_of(error: bytes) -> str:
    """The text of an EDE option of ours."""
    return error[6:].decode()


def keepalive(idle_timeout_s: float) -> bytes:
    """The keepalive option of an answer, in units of 100 ms (RFC 7828 3.1)."""
    return option(OPTION_KEEPALIVE, min(int(idle_timeout_s * 10), 0xFFFF).to_bytes(2, "big"))


def answer_opt(
    message_octets: int, *, dnssec_ok: bool, padded: bool, rcode_high: int = 0, content: bytes = b""
) -> bytes:
    """The OPT record to append to an answer of `message_octets`; padding is the last option (RFC 8467 3).

    `content` is the options before it. `rcode_high` is the upper eight bits of an extended RCODE. If padding would
    exceed 65535 octets it is as long as still fits.
    """
    rdata = content
    if padded:
        size = message_octets + _OPT_FIXED_OCTETS + len(content) + 4
        rdata += option(OPTION_PADDING, bytes(min(-size % PADDING_BLOCK_OCTETS, max(65535 - size, 0))))
    ttl = rcode_high << 24 | (_DO if dnssec_ok else 0)
    fixed = b"\0\0\x29" + _OUR_PAYLOAD_OCTETS.to_bytes(2, "big") + ttl.to_bytes(4, "big")
    return fixed + len(rdata).to_bytes(2, "big") + rdata


QUERY_OPT = {False: b"\0\0\x29\xff\xff\0\0\0\0\0\0", True: b"\0\0\x29\xff\xff\0\0\x80\0\0\0"}
"""The OPT of our queries to unbound on loopback, where the largest datagram fits; by DO."""
