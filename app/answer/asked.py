"""One query on its way, and how its answer is put together. Pure."""

from collections.abc import Callable

from . import edns, wire
from .house import House
from .records import Made
from .wire import Query, Rcode

Reply = Callable[[bytes | None], None]

_KEPT_RESPONSE_FLAGS = wire.RA | wire.AD | wire.RCODE_MASK
"""Not AA, we are no authority; not TC, over TLS nothing is cut (RFC 6891 6.2.3, RFC 7766)."""


class Asked:
    """`message` as it came, read as `query`; `reply` waits for the answer. `house` is the one that decides about it,
    also if another has taken its place meanwhile. `keepalive` is that option, ready to send, or empty."""

    __slots__ = ("_padding", "house", "keepalive", "message", "query", "reply")

    def __init__(
        self, message: bytes, query: Query, reply: Reply, house: House, padding: bool, keepalive: bytes
    ) -> None:
        self.message = message
        self.query = query
        self.reply = reply
        self.house = house
        self._padding = padding
        self.keepalive = keepalive

    def answer(self, response: wire.Response) -> bytes:
        """Upstream's answer, made ours."""
        flags = wire.QR | (self.query.flags & (wire.RD | wire.CD)) | (response.flags & _KEPT_RESPONSE_FLAGS)
        octets = response.octets
        failed = response.rcode == Rcode.SERVFAIL
        errors = edns.reasons_of_failure(response.opt) if failed else edns.extended_errors(response.opt)
        rcode_high = response.opt.ttl >> 24 if response.opt else 0
        return self._assemble(flags, octets[4:], int.from_bytes(octets[10:12], "big"), errors, rcode_high)

    def made(self, made: Made) -> bytes:
        """An answer of ours: not validated, so AD stays off (RFC 4035 3.2.3)."""
        flags = wire.QR | wire.RA | (self.query.flags & (wire.RD | wire.CD)) | made.rcode
        return self._assemble(flags, made.after_question(self.query.question), len(made.additional), made.errors, 0)

    def failure(self, info_code: int) -> bytes:
        return self.made(Made(rcode=Rcode.SERVFAIL, errors=edns.extended_error(info_code)))

    def _assemble(self, flags: int, rest: bytes, additional: int, errors: bytes, rcode_high: int) -> bytes:
        """`rest` is everything after the flags; an OPT of our own goes to its end if the query had one."""
        head = self.query.id.to_bytes(2, "big") + flags.to_bytes(2, "big")
        opt = self.query.opt
        if opt is None:
            return head + rest
        message = head + rest[:6] + (additional + 1).to_bytes(2, "big") + rest[8:]
        content = self.keepalive + errors
        return message + edns.answer_opt(len(message), opt.dnssec_ok, self._padding, rcode_high, content)
