"""What is the answer?

The order of `resolve` is the design: refuse what is no query, answer what never leaves the house, ask upstream for the
rest, and make what comes back our own.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from app.errors import UpstreamError

from . import edns, special, wire
from .cache import Cache
from .checking import CheckNames
from .contract import Asker
from .wire import Query, Rcode

log = logging.getLogger(__name__)

_MOST_MESSAGE_OCTETS = 65535

Reply = Callable[[bytes | None], None]

_CACHED_RCODES = {Rcode.NOERROR, Rcode.NXDOMAIN}
_KEPT_QUERY_FLAGS = wire.RD | wire.AD | wire.CD
_KEPT_RESPONSE_FLAGS = wire.RA | wire.AD | wire.RCODE_MASK
"""Not AA, we are no authority; not TC, over TLS nothing is cut (RFC 6891 6.2.3, RFC 7766)."""


class Upstream(Protocol):
    """Where answers come from that are not known yet."""

    def ask(self, query: bytes, client: str, done: Reply) -> None: ...


class Pipeline:
    """Answers for the front door; one for all connections of a kind.

    `encrypted` says whether padding is due when it is wished for: it hides sizes, which plain DNS shows anyway (RFC
    7830 6). `log_query` gets every query, in wire form. `check_names` are those of the self-test.
    """

    def __init__(
        self,
        cache: Cache,
        upstream: Upstream,
        encrypted: bool = True,
        log_query: Callable[[bytes], None] | None = None,
        check_names: CheckNames | None = None,
    ) -> None:
        cache.refresh = self.refresh
        self._cache = cache
        self._upstream = upstream
        self._encrypted = encrypted
        self._log_query = log_query
        self._check_names = check_names

    def lookup(self, message: bytes) -> bytes | None:
        """The answer if the same octets were asked before and its time is not up. Nothing is parsed."""
        body = self._cache.get(message[2:])
        if body is None:
            return None
        if self._log_query is not None:
            self._log_query(message)
        return message[:2] + body

    def refresh(self, key: bytes) -> None:
        """Ask again for what is in the cache under `key`, whose time is nearly up."""
        self.resolve(b"\0\0" + key, _NOBODY, None, _nobody)

    def resolve(self, message: bytes, asker: Asker, idle_timeout_s: float | None, reply: Reply) -> None:
        """Find the answer to `message`, asked by `asker`; `reply` gets it, or None if the message deserves none.

        `idle_timeout_s` is for the keepalive option; None where there is no connection (RFC 7828 3.3.2).
        """
        try:
            query = wire.read_query(message)
        except wire.Unanswerable:
            reply(None)
            return
        except wire.BadQuery as bad:
            reply(self._error(message, bad.rcode, bad.echo, bad.opt))
            return
        padding = keepalive = False
        if query.opt is not None:
            try:
                padding, keepalive = edns.wishes(query.opt)
            except edns.Malformed:
                reply(self._error(message, Rcode.FORMERR, query.question, query.opt))
                return
        if self._log_query is not None and reply is not _nobody:
            self._log_query(message)
        connected = keepalive and idle_timeout_s is not None
        finish = _Finish(query, padding and self._encrypted, edns.keepalive(idle_timeout_s or 0) if connected else b"")
        own = None if self._check_names is None else self._check_names.answer(query, asker)
        if own is not None:
            reply(finish.local(b"".join(own), len(own)))
            return
        local = special.local_answer(query)
        if local is not None:
            reply(finish.local(local))
            return
        self._upstream.ask(_upstream_query(query), asker.client, partial(self._answered, message, finish, reply))

    def _answered(self, message: bytes, finish: "_Finish", reply: Reply, received: bytes | None) -> None:
        if received is None:
            reply(finish.failure(edns.EDE_NO_REACHABLE_AUTHORITY))
            return
        try:
            response = wire.read_response(received)
        except UpstreamError as error:
            log.debug("%s", error)
            reply(finish.failure(edns.EDE_NETWORK_ERROR))
            return
        answer = finish.answer(response)
        if len(answer) > _MOST_MESSAGE_OCTETS:
            # Whole it would be, but with our OPT it is more than a message can be.
            reply(finish.failure(edns.EDE_NETWORK_ERROR))
            return
        # The keepalive value belongs to this connection and this moment, so such an answer is never kept.
        if response.ttl_s and response.rcode in _CACHED_RCODES and not finish.keepalive:
            self._cache.put(message[2:], answer[2:], [at - 2 for at in response.ttl_offsets], response.ttl_s)
        reply(answer)

    def _error(self, message: bytes, rcode: Rcode, question: bytes, opt: wire.Opt | None) -> bytes:
        """An error made here: the id, opcode and RD of `message`, as much of its question and OPT as could be read."""
        flags = wire.QR | wire.RA | (wire.u16(message, 2) & (wire.OPCODE_MASK | wire.RD)) | (rcode & wire.RCODE_MASK)
        counts = (b"\0\1" if question else b"\0\0") + b"\0\0\0\0" + (b"\0\0" if opt is None else b"\0\1")
        answer = message[:2] + flags.to_bytes(2, "big") + counts + question
        if opt is None:
            return answer
        padded = self._encrypted and edns.wants_padding(opt)
        return answer + edns.answer_opt(len(answer), opt.dnssec_ok, padded, rcode >> 4)


class _Finish:
    """What turns upstream's answer into the answer for this query."""

    __slots__ = ("_padding", "_query", "keepalive")

    def __init__(self, query: Query, padding: bool, keepalive: bytes) -> None:
        self._query = query
        self._padding = padding
        self.keepalive = keepalive

    def answer(self, response: wire.Response) -> bytes:
        flags = wire.QR | (self._query.flags & (wire.RD | wire.CD)) | (response.flags & _KEPT_RESPONSE_FLAGS)
        octets = response.octets
        failed = response.rcode == Rcode.SERVFAIL
        errors = edns.reasons_of_failure(response.opt) if failed else edns.extended_errors(response.opt)
        rcode_high = response.opt.ttl >> 24 if response.opt else 0
        return self._assemble(flags, octets[4:], int.from_bytes(octets[10:12], "big"), errors, rcode_high)

    def local(self, records: bytes, count: int = 1) -> bytes:
        """An answer of ours, of `count` records: not validated, so AD stays off (RFC 4035 3.2.3)."""
        flags = wire.QR | wire.RA | (self._query.flags & (wire.RD | wire.CD))
        counts = b"\0\1" + count.to_bytes(2, "big") + b"\0\0\0\0"
        return self._assemble(flags, counts + self._query.question + records, 0, b"", 0)

    def failure(self, info_code: int) -> bytes:
        flags = wire.QR | wire.RA | (self._query.flags & (wire.RD | wire.CD)) | Rcode.SERVFAIL
        counts = b"\0\1\0\0\0\0\0\0"
        return self._assemble(flags, counts + self._query.question, 0, edns.extended_error(info_code), 0)

    def _assemble(self, flags: int, rest: bytes, additional: int, errors: bytes, rcode_high: int) -> bytes:
        """`rest` is everything after the flags; an OPT of our own goes to its end if the query had one."""
        head = self._query.id.to_bytes(2, "big") + flags.to_bytes(2, "big")
        opt = self._query.opt
        if opt is None:
            return head + rest
        message = head + rest[:6] + (additional + 1).to_bytes(2, "big") + rest[8:]
        content = self.keepalive + errors
        return message + edns.answer_opt(len(message), opt.dnssec_ok, self._padding, rcode_high, content)


class _Nobody:
    """Who asks when the cache does."""

    client = ""

    def how(self) -> Mapping[str, str | bool | None]:
        return {}


_NOBODY = _Nobody()


def _nobody(_: bytes | None) -> None:
    """Whom a refresh answers."""


def _upstream_query(query: Query) -> bytes:
    """The same question with an OPT of ours, so that nothing the client sent in its own travels on (RFC 6891 6.1.1)."""
    header = b"\0\0" + (query.flags & _KEPT_QUERY_FLAGS).to_bytes(2, "big") + b"\0\1\0\0\0\0\0\1"
    return header + query.question + edns.query_opt(query.opt is not None and query.opt.dnssec_ok)
