"""What is the answer?

The order of `resolve` is the design: refuse what is no query, answer what is decided here, ask upstream for the rest,
look where its answer leads, and make what comes back our own.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from app.errors import UpstreamError

from . import ddr, edns, names, rebinding, records, special, stale, wire
from .asked import Asked, Reply
from .cache import Cache, Tally
from .checking import CheckNames
from .contract import Asker
from .house import House
from .policy import Kind
from .records import Made
from .wire import Query, Rcode

log = logging.getLogger(__name__)

_MOST_MESSAGE_OCTETS = 65535

_CACHED_RCODES = {Rcode.NOERROR, Rcode.NXDOMAIN, Rcode.REFUSED}
"""REFUSED is our own word for what is blocked; upstream gives none that has a TTL."""
_KEPT_QUERY_FLAGS = wire.RD | wire.AD | wire.CD


class Upstream(Protocol):
    """Where answers come from that are not known yet."""

    def ask(self, query: bytes, client: str, done: Reply) -> None: ...


class Pipeline:
    """Answers for the front door; one for all connections of a kind.

    `encrypted` says whether padding is due when it is wished for: it hides sizes, which plain DNS shows anyway (RFC
    7830 6). `log_query` gets every query, in wire form. `check_names` are those of the self-test. `given` says how many
    answers each kind of verdict has led to; what is refused or fails leads to none.
    """

    def __init__(
        self,
        cache: Cache,
        upstream: Upstream,
        house: House,
        encrypted: bool = True,
        log_query: Callable[[bytes], None] | None = None,
        check_names: CheckNames | None = None,
    ) -> None:
        cache.refresh = self.refresh
        self._cache = cache
        self._upstream = upstream
        self._house = house
        self._encrypted = encrypted
        self._log_query = log_query
        self._check_names = check_names
        self.given = {kind: Tally() for kind in Kind}

    def move(self, house: House) -> None:
        """From now on `house` decides; nothing that another one decided is given out any more."""
        self._house = house
        self._cache.clear()

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
        self.resolve(b"\0\0" + key, NOBODY, None, _nobody)

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
        option = edns.keepalive(idle_timeout_s or 0) if connected else b""
        asked = Asked(message, query, reply, self._house, padding and self._encrypted, option)
        checked = None if self._check_names is None else self._check_names.answer(query, asker)
        if checked is not None:
            reply(asked.made(checked))
            return
        self._decide(asked, asker)

    def _decide(self, asked: Asked, asker: Asker) -> None:
        query, house, client = asked.query, asked.house, asker.client
        name = names.asked(query.question)
        verdict = house.decide(name)
        made = house.answer(verdict, name, query.qtype)
        if made is None:
            then = partial(self._answered, asked, name if verdict.is_open else None)
            self._upstream.ask(_upstream_query(query), client, partial(self._received, asked, then))
        elif made.chase:
            then = partial(self._chased, asked, made)
            chase = _upstream_query(query, names.text_to_wire(made.chase))
            self._upstream.ask(chase, client, partial(self._received, asked, then))
        elif made.only_at:
            # Not kept: the next who asks the same may ask another address of ours.
            asked.reply(asked.made(made if asker.here() in made.only_at else special.nothing(verdict.rule, ddr.TTL_S)))
        else:
            self._give(asked, asked.made(made), verdict.kind)

    def _received(self, asked: Asked, then: Callable[[wire.Response], None], received: bytes | None) -> None:
        """What came from upstream is for `then`, if anything did, it can be read, and it does not lead home."""
        if received is None:
            asked.reply(asked.failure(edns.EDE_NO_REACHABLE_AUTHORITY))
            return
        try:
            response = stale.told(wire.read_response(received))
            if asked.query.qtype in records.SERVICE_TYPES and asked.house.leads_home(response.octets):
                self._give(asked, asked.made(rebinding.nothing()), Kind.PASSED)
            else:
                then(response)
        except UpstreamError as error:
            log.debug("%s", error)
            asked.reply(asked.failure(edns.EDE_NETWORK_ERROR))

    def _answered(self, asked: Asked, open_name: str | None, response: wire.Response) -> None:
        """Upstream has answered. If nobody spoke for the name that was asked, those that it leads to are looked at."""
        lead = None if open_name is None else asked.house.lead(open_name, records.aliases(response.octets))
        if lead is not None and lead.verdict.blocks:
            self._give(asked, asked.made(asked.house.instead(lead, asked.query.qtype)), lead.verdict.kind)
        else:
            self._give(asked, asked.answer(response), Kind.PASSED, response)

    def _chased(self, asked: Asked, begun: Made, response: wire.Response) -> None:
        """Upstream has answered for the name outside that an alias of ours leads to."""
        if response.rcode not in _CACHED_RCODES:
            asked.reply(asked.made(Made(rcode=Rcode.SERVFAIL, errors=edns.reasons_of_failure(response.opt))))
            return
        found = list(records.read(response.octets))
        answer, authority = (
            tuple(each.octets() for each in found if each.section == section)
            for section in (records.ANSWER, records.AUTHORITY)
        )
        errors = edns.extended_errors(response.opt)
        made = Made(rcode=Rcode(response.rcode), answer=begun.answer + answer, authority=authority, errors=errors)
        self._give(asked, asked.made(made), Kind.LOCAL)

    def _give(self, asked: Asked, answer: bytes, kind: Kind, response: wire.Response | None = None) -> None:
        """Reply with `answer`, and keep it if it may be kept. `kind` is counted now and each time it is given again.

        `response` is what `answer` was made from, if that came from upstream.
        """
        if len(answer) > _MOST_MESSAGE_OCTETS:
            # Whole it would be, but with our OPT it is more than a message can be.
            asked.reply(asked.failure(edns.EDE_NETWORK_ERROR))
            return
        tally = self.given[kind]
        # The keepalive value belongs to this connection and this moment, so such an answer is never kept; nor is what
        # was decided by rules that are no longer in force.
        if answer[3] & wire.RCODE_MASK in _CACHED_RCODES and not asked.keepalive and asked.house is self._house:
            parts = response or wire.read_response(answer)
            if parts.ttl_s:
                self._cache.put(asked.message[2:], answer[2:], [at - 2 for at in parts.ttl_offsets], parts.ttl_s, tally)
        if asked.reply is not _nobody:
            tally.given += 1
        asked.reply(answer)

    def _error(self, message: bytes, rcode: Rcode, question: bytes, opt: wire.Opt | None) -> bytes:
        """An error made here: the id, opcode and RD of `message`, as much of its question and OPT as could be read."""
        flags = wire.QR | wire.RA | (wire.u16(message, 2) & (wire.OPCODE_MASK | wire.RD)) | (rcode & wire.RCODE_MASK)
        counts = (b"\0\1" if question else b"\0\0") + b"\0\0\0\0" + (b"\0\0" if opt is None else b"\0\1")
        answer = message[:2] + flags.to_bytes(2, "big") + counts + question
        if opt is None:
            return answer
        padded = self._encrypted and edns.wants_padding(opt)
        return answer + edns.answer_opt(len(answer), opt.dnssec_ok, padded, rcode >> 4)


def _upstream_query(query: Query, name: bytes | None = None) -> bytes:
    """The same question, or that for another name, with an OPT of ours, so that nothing the client sent in its own
    travels on (RFC 6891 6.1.1)."""
    header = b"\0\0" + (query.flags & _KEPT_QUERY_FLAGS).to_bytes(2, "big") + b"\0\1\0\0\0\0\0\1"
    question = query.question if name is None else name + query.question[-4:]
    return header + question + edns.query_opt(query.opt is not None and query.opt.dnssec_ok)


class Nobody:
    """Who asks when the cache does."""

    client = ""

    def how(self) -> Mapping[str, str | bool | None]:
        return {}

    def here(self) -> str:
        return ""


NOBODY = Nobody()


def _nobody(_: bytes | None) -> None:
    """Who gets the answer to a question of our own: only the cache wants it."""
