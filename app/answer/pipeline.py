"""What is the answer?

A query goes down this module from the top to the bottom, and the order is the design: `lookup` gives what is known;
else `resolve` refuses what is no query, `_decide` answers what is decided here and asks upstream for the rest,
`_received` looks where upstream's answer leads and makes it our own, and `_finish` keeps it and replies. It waits for
upstream's answer, and after a failure for a `diagnosis`, with callbacks: a coroutine would read no straighter, and cost
more. Pure.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import final

from app import dnsname
from app.errors import UpstreamError

from . import ddr, edns, replacement, special, stale, wire
from .cache import Cache, Tally
from .checking import CheckNames
from .contract import Failure, FailureAnalyst, RecursiveResolver, Reply, Requestor
from .pending import PendingQuery, error_answer
from .policy import PASSED, Kind, NameVerdict
from .records import LocalResponse
from .referral import Referral
from .replacement import KEPT_RCODES
from .ruleset import Ruleset
from .wire import Rcode, UpstreamResponse

log = logging.getLogger(__name__)

_MOST_MESSAGE_OCTETS = 65535


@final
class Pipeline:
    """Answers for the front door; one for all connections of a kind.

    `encrypted` says whether padding is due when it is wished for: it hides sizes, which plain DNS shows anyway (RFC
    7830 6). `log_query` gets every query, in wire form. `check_names` are those of the self-test. `diagnosis` says why
    upstream failed. `given` says how many answers each kind of verdict has led to; what is refused or fails leads to
    none.
    """

    __slots__ = (
        "_cache", "_check_names", "_diagnosis", "_encrypted", "_log_query", "_ruleset", "_told", "_upstream", "given",
    )  # fmt: skip

    def __init__(
        self,
        cache: Cache,
        upstream: RecursiveResolver,
        ruleset: Ruleset,
        *,
        encrypted: bool = True,
        log_query: Callable[[bytes], None] | None = None,
        check_names: CheckNames | None = None,
        diagnosis: FailureAnalyst | None = None,
    ) -> None:
        cache.prefetch = self.prefetch
        self._cache = cache
        self._upstream = upstream
        self._ruleset = ruleset
        self._encrypted = encrypted
        self._log_query = log_query
        self._check_names = check_names
        self._diagnosis = diagnosis
        self._told: set[str] = set()
        self.given = {kind: Tally() for kind in Kind}

    def use(self, ruleset: Ruleset) -> None:
        """From now on `ruleset` decides; nothing that another one decided is given out any more."""
        self._ruleset = ruleset
        self._cache.clear()

    def prefetch(self, key: bytes) -> None:
        """Ask again for what is in the cache under `key`, whose time is nearly up."""
        self.resolve(b"\0\0" + key, PREFETCHER, None, _discard)

    # --- what is known ----------------------------------------------------------------------------------------------

    def lookup(self, message: bytes) -> bytes | None:
        """The answer if the same octets were asked before and its time is not up. Nothing is parsed."""
        body = self._cache.get(message[2:])
        if body is None:
            return None
        if self._log_query is not None:
            self._log_query(message)
        return message[:2] + body

    # --- what is not: down from here --------------------------------------------------------------------------------

    def resolve(self, message: bytes, requestor: Requestor, idle_timeout_s: float | None, reply: Reply) -> None:
        """Find the answer to `message`, asked by `requestor`; `reply` gets it, or None if the message deserves none.

        `idle_timeout_s` is for the keepalive option; None where there is no connection (RFC 7828 3.3.2).
        """
        is_padded, keepalive = False, b""
        try:
            query = wire.read_query(message)
            if query.opt is not None and query.opt.options:
                is_padded, wants_keepalive = edns.requested(query.opt)
                if wants_keepalive and idle_timeout_s is not None:
                    keepalive = edns.keepalive(idle_timeout_s)
        except wire.Unanswerable:
            reply(None)
            return
        except wire.BadQuery as bad:
            reply(error_answer(message, bad, encrypted=self._encrypted))
            return
        except edns.MalformedOption:
            malformed = wire.BadQuery(Rcode.FORMERR, query.question, query.opt)
            reply(error_answer(message, malformed, encrypted=self._encrypted))
            return
        is_prefetch = requestor is PREFETCHER
        if self._log_query is not None and not is_prefetch:
            self._log_query(message)
        self._decide(
            PendingQuery(
                message,
                query,
                reply,
                self._ruleset,
                is_padded=is_padded and self._encrypted,
                keepalive=keepalive,
                is_prefetch=is_prefetch,
            ),
            requestor,
        )

    def _decide(self, pending: PendingQuery, requestor: Requestor) -> None:
        """Answer what is decided here, or ask upstream."""
        query, ruleset = pending.query, pending.ruleset
        if self._check_names is not None:
            checked = self._check_names.answer(query, requestor)
            if checked is not None:
                pending.reply(pending.rendered(checked))
                return
        name = dnsname.qname(query.question)
        verdict = ruleset.decide(name, query.qtype)
        is_upstreams = verdict is PASSED and query.qtype != wire.TYPE_ANY
        local = None if is_upstreams else ruleset.answer(verdict, name, query.qtype)
        chase = "" if local is None else local.chase
        if local is None or chase:
            if not query.flags & wire.RD:
                pending.reply(pending.refused())
                return
            received = partial(self._received, pending, chase or name, verdict, local, client=requestor.client)
            self._upstream.ask(pending.question(chase), requestor.client, received)
            return
        if local.only_at:
            # Not kept: the next who asks the same may ask another address of ours.
            is_there = requestor.here() in local.only_at
            pending.reply(pending.rendered(local if is_there else special.nothing(verdict.rule, ddr.TTL_S)))
            return
        self._finish(pending, pending.rendered(local), verdict.kind)

    def _received(
        self,
        pending: PendingQuery,
        asked: str,
        verdict: NameVerdict,
        begun: LocalResponse | None,
        received: bytes | None,
        *,
        client: str,
    ) -> None:
        """Upstream, of which `asked` was asked, has answered, or not. `verdict` is about the name that the client asked
        for; that is another one if the answer `begun` leads to `asked`."""
        if received is None:
            pending.reply(pending.failure(edns.EDE_NO_REACHABLE_AUTHORITY))
            return
        instead = None
        try:
            response = wire.read_response(received)
            if response.opt is not None and response.opt.options:
                response = stale.shortened(response)
            if response.rcode == Rcode.SERVFAIL and self._diagnosis is not None and not pending.is_prefetch:
                failure = Failure(pending.ruleset, asked, pending.query, client, response.opt)
                self._diagnosis.look(
                    failure, lambda found: self._finish(pending, pending.failed(failure.opt, begun, found), Kind.PASSED)
                )
                return
            instead = replacement.of(pending, asked, verdict, begun, response)
        except Referral as referral:
            self._tell(referral)
            pending.reply(pending.failure(edns.EDE_NETWORK_ERROR, str(referral)))
            return
        except UpstreamError as error:
            log.debug("%s", error)
            pending.reply(pending.failure(edns.EDE_NETWORK_ERROR))
            return
        if instead is None:
            self._finish(pending, pending.relayed(response), Kind.PASSED, response)
        else:
            local, kind = instead
            self._finish(pending, pending.rendered(local), kind)

    def _tell(self, referral: Referral) -> None:
        """Say it once of each route: whoever named this server must name another."""
        if referral.route not in self._told:
            self._told.add(referral.route)
            setting = "resolver.routes" if referral.route else "resolver.forward"
            log.warning("%s: %s; name one that does", setting, referral)

    def _finish(
        self, pending: PendingQuery, answer: bytes, kind: Kind, response: UpstreamResponse | None = None
    ) -> None:
        """Reply with `answer`, and keep it if it may be kept. `kind` is counted now and each time it is given again.

        `response` is what `answer` was made from, if that came from upstream.
        """
        if len(answer) > _MOST_MESSAGE_OCTETS:
            # Whole it would be, but with our OPT it is more than a message can be.
            pending.reply(pending.failure(edns.EDE_NETWORK_ERROR))
            return
        tally, rcode = self.given[kind], answer[3] & wire.RCODE_MASK
        # The keepalive value belongs to this connection and this moment, so such an answer is never kept; nor is what
        # was decided by rules that are no longer in force.
        if rcode in KEPT_RCODES and not pending.keepalive and pending.ruleset is self._ruleset:
            parts = response or wire.read_response(answer)
            if parts.ttl_s:
                self._cache.put(pending.message[2:], answer, parts.ttl_offsets, parts.ttl_s, tally)
        if rcode in KEPT_RCODES and not pending.is_prefetch:
            tally.given += 1
        pending.reply(answer)


@final
class _Prefetcher:
    """Who asks when the cache does."""

    __slots__ = ()

    @property
    def client(self) -> str:
        return ""

    def how(self) -> Mapping[str, str | bool | None]:
        return {}

    def here(self) -> str:
        return ""


PREFETCHER = _Prefetcher()


def _discard(_: bytes | None) -> None:
    """Who gets the answer to a question of the cache's: it has it already."""
