"""One query that is not answered yet, and how its answer is put together. Pure."""

from dataclasses import KW_ONLY, dataclass, replace
from typing import final

from app import dnsname

from . import edns, wire
from .contract import Reply
from .records import LocalResponse
from .ruleset import Ruleset
from .wire import Query, Rcode, UpstreamResponse

_UPSTREAM_FLAGS = wire.RD | wire.CD
_COPIED_FLAGS = wire.RD | wire.CD
_KEPT_RESPONSE_FLAGS = wire.RA | wire.AD | wire.RCODE_MASK
"""Not AA, we are no authority; not TC, over TLS nothing is cut (RFC 6891 6.2.3, RFC 7766)."""


@final
@dataclass(slots=True, eq=False)
class PendingQuery:
    """`message` as it came, read as `query`; `reply` waits for the answer. `ruleset` is the one that decides about it,
    also if another has taken its place meanwhile. `is_padded` says whether the answer shall be; `keepalive` is that
    option, ready to send, or empty. `is_kept`: the answer may be kept. `is_prefetch`: nobody but the cache waits; else
    `client` does since `asked_s`."""

    message: bytes
    query: Query
    reply: Reply
    ruleset: Ruleset
    _: KW_ONLY
    is_padded: bool = False
    keepalive: bytes = b""
    is_kept: bool = True
    is_prefetch: bool = False
    client: str = ""
    asked_s: float = 0.0

    def question(self, chase: str = "") -> bytes:
        """What upstream is asked: the same, or the name `chase` instead, with an OPT of ours, so that nothing the
        client sent in its own travels on (RFC 6891 6.1.1), and with AD: whether an answer is validated we want to know
        for the count, whoever asks (RFC 6840 5.7)."""
        query = self.query
        header = b"\0\0" + (query.flags & _UPSTREAM_FLAGS | wire.AD).to_bytes(2, "big") + b"\0\1\0\0\0\0\0\1"
        question = dnsname.to_wire(chase) + query.question[-4:] if chase else query.question
        return header + question + edns.QUERY_OPT[query.opt is not None and query.opt.dnssec_ok]

    def relayed(self, response: UpstreamResponse) -> bytes:
        """Upstream's answer, made ours."""
        errors, rcode_high = b"", 0
        if response.opt is not None:
            rcode_high = response.opt.ttl >> 24
        if response.flags & wire.RCODE_MASK == Rcode.SERVFAIL:
            errors = edns.reasons_of_failure(response.opt)
        elif response.opt is not None and response.opt.options:
            errors = edns.extended_errors(response.opt)
        octets = response.octets
        flags, query = response.flags & _KEPT_RESPONSE_FLAGS, self.query
        if not (query.flags & wire.AD or (query.opt is not None and query.opt.dnssec_ok)):
            flags &= ~wire.AD  # who did not ask is not told (RFC 6840 5.8)
        return self._assembled(flags, octets[4:], octets[10] << 8 | octets[11], errors, rcode_high)

    def rendered(self, response: LocalResponse) -> bytes:
        """An answer of ours: not validated, so AD stays off (RFC 4035 3.2.3)."""
        rest, additional = response.after_question(self.query.question), len(response.additional)
        return self._assembled(wire.RA | response.rcode, rest, additional, response.errors)

    def failure(self, info_code: int, text: str = "") -> bytes:
        return self.rendered(LocalResponse(rcode=Rcode.SERVFAIL, errors=edns.extended_error(info_code, text)))

    def refused(self) -> bytes:
        """Who wants no recursion would learn what others have asked (RFC 8914 4.21)."""
        reason = edns.extended_error(edns.EDE_NOT_AUTHORITATIVE)
        return self.rendered(LocalResponse(rcode=Rcode.REFUSED, errors=reason))

    def failed(self, opt: wire.Opt | None, begun: LocalResponse | None, found: LocalResponse | None) -> bytes:
        """Upstream has failed, with `opt`; `found` is what is known better than that, about where `begun` leads to."""
        if found is None:
            found = LocalResponse(rcode=Rcode.SERVFAIL, errors=edns.reasons_of_failure(opt))
        elif begun is not None and found.rcode != Rcode.SERVFAIL:
            found = replace(found, answer=begun.answer)
        return self.rendered(found)

    def _assembled(self, flags: int, rest: bytes, additional: int, errors: bytes, rcode_high: int = 0) -> bytes:
        """`rest` is everything after the flags; an OPT of our own goes to its end if the query had one."""
        query = self.query
        flags |= wire.QR | query.flags & _COPIED_FLAGS
        head = self.message[:2] + flags.to_bytes(2, "big")
        if query.opt is None:
            return head + rest
        message = head + rest[:6] + (additional + 1).to_bytes(2, "big") + rest[8:]
        return message + edns.answer_opt(
            len(message),
            dnssec_ok=query.opt.dnssec_ok,
            padded=self.is_padded,
            rcode_high=rcode_high,
            content=self.keepalive + errors,
        )


def error_answer(message: bytes, bad: wire.BadQuery, *, encrypted: bool) -> bytes:
    """An error made here: the id, opcode and RD of `message`, as much of its question and OPT as could be read; padded
    if `encrypted` and wished for."""
    rcode, opt = bad.rcode, bad.opt
    flags = wire.QR | (wire.u16(message, 2) & (wire.OPCODE_MASK | wire.RD)) | (rcode & wire.RCODE_MASK)
    if rcode != wire.Rcode.NOTIMP:
        flags |= wire.RA  # of an operation that is not known here nobody knows what recursion would be
    counts = (b"\0\1" if bad.echo else b"\0\0") + b"\0\0\0\0" + (b"\0\0" if opt is None else b"\0\1")
    answer = message[:2] + flags.to_bytes(2, "big") + counts + bad.echo
    if opt is None:
        return answer
    padded = encrypted and edns.wants_padding(opt)
    return answer + edns.answer_opt(len(answer), dnssec_ok=opt.dnssec_ok, padded=padded, rcode_high=rcode >> 4)
