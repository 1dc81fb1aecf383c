"""What is the answer?

A query goes down this module from the top to the bottom, and the order is the design: `lookup` gives what is known;
else `resolve` refuses what is no query, `_decide` answers what is decided here and asks upstream for the rest,
`_received` looks where upstream's answer leads and makes it our own, and `_finish` keeps it and replies. It waits for
upstream's answer, and after a failure for a `diagnosis`, with callbacks: a coroutine would read no straighter, and cost
more. Pure.
"""

import logging
from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from typing import final

from app import dnsname
from app.errors import UpstreamError

from . import ddr, edns, replacement, special, stale, tally, wire
from .cache import Cache
from .checking import CheckNames
from .contract import Failure, FailureAnalyst, RecursiveResolver, Reply, Requestor
from .pending import PendingQuery, error_answer
from .policy import PASSED, NameVerdict
from .prefetcher import PREFETCHER, discard
from .records import LocalResponse
from .referral import Referral
from .replacement import KEPT_RCODES
from .ruleset import Ruleset
from .tally import BOUNDS_S, Said, Tallies, Tally
from .wire import Rcode, UpstreamResponse

log = logging.getLogger(__name__)

_MOST_MESSAGE_OCTETS = 65535

LogAnswer = Callable[[str, bytes, Tally, float], None]
"""Takes the client's address, its query, what kind of answer it got, and after how many seconds."""


@final
class Pipeline:
    """Answers for the front door; one for all connections of a kind.

    `encrypted` says whether padding is due when it is wished for: it hides sizes, which plain DNS shows anyway (RFC
    7830 6). `log_answer` is told of each that the cache does not give. `check_names` are those of the self-test.
    `diagnosis` says why upstream failed. `tallies` say how many answers there were of each kind.
    """

    __slots__ = (
        "_check_names", "_clock", "_diagnosis", "_encrypted", "_log_answer", "_ruleset", "_told", "_upstream", "cache",
        "tallies",
    )  # fmt: skip

    def __init__(
        self,
        cache: Cache,
        upstream: RecursiveResolver,
        ruleset: Ruleset,
        *,
        encrypted: bool = True,
        log_answer: LogAnswer | None = None,
        check_names: CheckNames | None = None,
        diagnosis: FailureAnalyst | None = None,
    ) -> None:
        cache.prefetch = self.prefetch
        self.cache = cache
        self._clock = cache.clock
        self._upstream = upstream
        self._ruleset = ruleset
        self._encrypted = encrypted
        self._log_answer = log_answer
        self._check_names = check_names
        self._diagnosis = diagnosis
        self._told: set[str] = set()
        self.tallies = Tallies()

    def use(self, ruleset: Ruleset) -> None:
        """From now on `ruleset` decides; nothing that another one decided is given out any more, or counted on."""
        self._ruleset, self.tallies = ruleset, Tallies()
        self.cache.clear()

    def prefetch(self, key: bytes) -> None:
        """Ask again for what is in the cache under `key`, whose time is nearly up."""
        self.resolve(b"\0\0" + key, PREFETCHER, None, discard)

    # --- what is known ----------------------------------------------------------------------------------------------

    def lookup(self, message: bytes) -> bytes | None:
        """The answer if the same octets were asked before and its time is not up. Nothing is parsed."""
        body = self.cache.get(message[2:])
        return None if body is None else message[:2] + body

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
            reply(self._refusal(message, bad, requestor.client))
            return
        except edns.MalformedOption:
            malformed = wire.BadQuery(Rcode.FORMERR, query.question, query.opt)
            reply(self._refusal(message, malformed, requestor.client))
            return
        self._decide(
            PendingQuery(
                message,
                query,
                reply,
                self._ruleset,
                is_padded=is_padded and self._encrypted,
                keepalive=keepalive,
                is_kept=not keepalive,  # which belongs to this connection and this moment
                is_prefetch=requestor is PREFETCHER,
                client=requestor.client,
                asked_s=self._clock(),
            ),
            requestor,
        )

    def _decide(self, pending: PendingQuery, requestor: Requestor) -> None:
        """Answer what is decided here, or ask upstream."""
        query, ruleset = pending.query, pending.ruleset
        if self._check_names is not None:
            checked = self._check_names.answer(query, requestor)
            if checked is not None:
                pending.is_kept = False
                self._finish(pending, pending.rendered(checked), tally.LOCAL)
                return
        name = dnsname.qname(query.question)
        verdict = ruleset.decide(name, query.qtype)
        is_upstreams = verdict is PASSED and query.qtype != wire.TYPE_ANY
        local = None if is_upstreams else ruleset.answer(verdict, name, query.qtype)
        chase = "" if local is None else local.chase
        if local is None or chase:
            if not query.flags & wire.RD:
                self._finish(pending, pending.refused(), tally.REFUSED)
                return
            received = partial(self._received, pending, chase or name, verdict, local)
            self._upstream.ask(pending.question(chase), requestor.client, received)
            return
        if local.only_at:
            pending.is_kept = False  # the next who asks the same may ask another address of ours
            is_there = requestor.here() in local.only_at
            local = local if is_there else special.nothing(verdict.rule, ddr.TTL_S)
        self._finish(pending, pending.rendered(local), tally.said_by(verdict))

    def _received(
        self,
        pending: PendingQuery,
        asked: str,
        verdict: NameVerdict,
        begun: LocalResponse | None,
        received: bytes | None,
    ) -> None:
        """Upstream, of which `asked` was asked, has answered, or not. `verdict` is about the name that the client asked
        for; that is another one if the answer `begun` leads to `asked`."""
        if received is None:
            self._finish(pending, pending.failure(edns.EDE_NO_REACHABLE_AUTHORITY), tally.FAILED)
            return
        instead, is_stale = None, False
        try:
            response = wire.read_response(received)
            if response.opt is not None and response.opt.options:
                response, is_stale = stale.shortened(response)
            if response.rcode == Rcode.SERVFAIL and self._diagnosis is not None and not pending.is_prefetch:
                failure = Failure(pending.ruleset, asked, pending.query, pending.client, response.opt)
                self._diagnosis.look(failure, partial(self._diagnosed, pending, begun, failure))
                return
            instead = replacement.of(pending, asked, verdict, begun, response)
        except Referral as referral:
            self._tell(referral)
            self._finish(pending, pending.failure(edns.EDE_NETWORK_ERROR, str(referral)), tally.FAILED)
            return
        except UpstreamError as error:
            log.debug("%s", error)
            self._finish(pending, pending.failure(edns.EDE_NETWORK_ERROR), tally.FAILED)
            return
        if instead is not None:
            local, who = instead
            self._finish(pending, pending.rendered(local), tally.said_by(who))
            return
        said = tally.STALE if is_stale else tally.BY_FLAGS[(pending.query.flags & wire.CD) | (response.flags & wire.AD)]
        self._finish(pending, pending.relayed(response), said, response)

    def _diagnosed(
        self, pending: PendingQuery, begun: LocalResponse | None, failure: Failure, found: LocalResponse | None
    ) -> None:
        """`found` is all that is known about `failure`."""
        answer = pending.failed(failure.opt, begun, found)
        is_bogus = not edns.EDES_OF_VALIDATION.isdisjoint(edns.error_codes(failure.opt))
        has_failed = answer[3] & wire.RCODE_MASK == Rcode.SERVFAIL
        self._finish(pending, answer, tally.CHANGED if not has_failed else tally.BOGUS if is_bogus else tally.FAILED)

    def _tell(self, referral: Referral) -> None:
        """Say it once of each route: whoever named this server must name another."""
        if referral.route not in self._told:
            self._told.add(referral.route)
            setting = "resolver.routes" if referral.route else "resolver.forward"
            log.warning("%s: %s; name one that does", setting, referral)

    def _refusal(self, message: bytes, bad: wire.BadQuery, client: str) -> bytes:
        """The answer to what is no question for us."""
        refused = self.tallies[tally.REFUSED, bad.rcode]
        refused.waited[0] += 1
        if self._log_answer is not None:
            self._log_answer(client, message, refused, 0.0)
        return error_answer(message, bad, encrypted=self._encrypted)

    def _finish(
        self, pending: PendingQuery, answer: bytes, said: Said, response: UpstreamResponse | None = None
    ) -> None:
        """Reply with `answer`, and keep it if it may be kept. It is counted now and each time it is given again.

        `response` is what `answer` was made from, if that came from upstream.
        """
        if len(answer) > _MOST_MESSAGE_OCTETS:
            # Whole it would be, but with our OPT it is more than a message can be.
            answer, said = pending.failure(edns.EDE_NETWORK_ERROR), tally.FAILED
        rcode = answer[3] & wire.RCODE_MASK
        counted = self.tallies[said, rcode]
        # What was decided by rules that are no longer in force is not kept either.
        if pending.is_kept and rcode in KEPT_RCODES and pending.ruleset is self._ruleset:
            parts = response or wire.read_response(answer)
            if parts.ttl_s:
                self.cache.put(pending.message[2:], answer, parts.ttl_offsets, parts.ttl_s, counted)
        if not pending.is_prefetch:
            waited_s = self._clock() - pending.asked_s
            counted.waited[bisect_left(BOUNDS_S, waited_s)] += 1
            counted.waited_s += waited_s
            if self._log_answer is not None:
                self._log_answer(pending.client, pending.message, counted, waited_s)
        pending.reply(answer)
