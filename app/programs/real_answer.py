"""A question asked as devices ask it: down the front door's own way, and what came back from upstream by it.

Where that is a failure, a few more questions find out whose: what unbound has in its cache says whose servers it asked.
"""

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import NamedTuple, final

from app import dnsname
from app.answer import asking, edns, records, wire
from app.answer.cache import Cache
from app.answer.contract import FailureAnalyst, RecursiveResolver, Reply
from app.answer.pipeline import Pipeline
from app.answer.referral import is_referral
from app.answer.ruleset import Ruleset
from app.answer.wire import UpstreamResponse
from app.doctor import healthcheck
from app.errors import UpstreamError

from . import outcomes
from .outcomes import RealAnswer, RealOutcome

_TIMEOUT_S = 8.4
"""Upstream is given up after 8 s; with what follows, whoever waits hears of it within ten."""
_FROM_CACHE_S = 0.3
_ALIVE_S = 1.2
"""A lost datagram is repeated after a second."""
_MOST_ALIASES = 11
_AUTHORITIES = "the internet's name servers"
_OF_THE_OWNER = "a snippet of yours (resolver.snippets)"


@final
class Heard(NamedTuple):
    """The answer that a device would get, and what upstream said to `asked`, None if nothing or if nobody asked it."""

    answer: RealAnswer
    asked: str
    said: UpstreamResponse | None


@final
class RealAnswers:
    """Asks `upstream`, with what `diagnosis` finds out, for `client`."""

    def __init__(self, upstream: RecursiveResolver, client: str, diagnosis: FailureAnalyst | None, first: Ruleset):
        self._upstream = upstream
        self._listening = _Listening(upstream)
        self._asker = _Asker(client)
        nothing_kept = Cache(0, monotonic)
        self._pipeline = Pipeline(nothing_kept, self._listening, first, encrypted=False, diagnosis=diagnosis)

    async def hear(self, ruleset: Ruleset, name: str, kind: str, qtype: int) -> Heard:
        """What `ruleset` answers to `name` for the type `kind`."""
        local = ruleset.answer(ruleset.decide(name, qtype), name, qtype)
        if local is None or local.chase:
            return await self._hear_upstream(ruleset, name, (local and local.chase) or name, kind, qtype)
        message, _ = await self._told(ruleset, name, qtype)
        answer = wire.read_response(message or b"")
        outcome, reason = outcomes.outcome(answer, None, qtype)
        return Heard(RealAnswer(kind, outcome, outcomes.values(answer, qtype), reason=reason), name, None)

    async def _hear_upstream(self, ruleset: Ruleset, name: str, asked: str, kind: str, qtype: int) -> Heard:
        known = await self._is_known(asked, qtype)
        if known is None and not await self._is_alive():
            return Heard(RealAnswer(kind, RealOutcome.UNREACHABLE), asked, None)
        where = _where(ruleset, asked)
        message, said = await self._told(ruleset, name, qtype)
        if message is None or said is None:
            return Heard(await self._silence(kind, where, await self._zones(asked)), asked, None)
        answer = wire.read_response(message)
        outcome, reason = outcomes.outcome(answer, said, qtype)
        found = RealAnswer(
            kind,
            outcome,
            outcomes.values(answer, qtype),
            where=_OF_THE_OWNER if said.flags & wire.AA else where,
            zones=await self._zones_of(outcome, asked, said),
            is_validated=bool(said.flags & wire.AD),
            is_known=bool(known),
            is_stale=edns.is_stale(answer.opt) and answer.rcode != wire.Rcode.SERVFAIL,
            reason=reason,
        )
        return Heard(found, asked, said)

    async def _told(self, ruleset: Ruleset, name: str, qtype: int) -> tuple[bytes | None, UpstreamResponse | None]:
        """What a device is told, and what upstream said."""
        received: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

        def done(message: bytes | None) -> None:
            if not received.done():
                received.set_result(message)

        query = asking.question(name, qtype, wire.RD | wire.AD) + edns.QUERY_OPT[False]
        self._pipeline.use(ruleset)
        heard = self._listening.begin()
        self._pipeline.resolve(query, self._asker, None, done)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                message = await received
        except TimeoutError:
            message = None
        try:
            return message, wire.read_response(heard[0]) if heard and heard[0] else None
        except UpstreamError:
            return message, None

    async def _silence(self, kind: str, where: str, zones: tuple[str, ...]) -> RealAnswer:
        """Nobody said anything in time: is it unbound that does not speak?"""
        if not await self._is_alive():
            where, zones = "", ()
        return RealAnswer(kind, RealOutcome.UNREACHABLE, where=where, zones=zones)

    async def _is_alive(self) -> bool:
        """Whether unbound tells what it need ask nobody for."""
        try:
            async with asyncio.timeout(_ALIVE_S):
                await self._ask(healthcheck.NAME, wire.TYPE_A, wire.RD)
        except (TimeoutError, UpstreamError):
            return False
        return True

    async def _zones_of(self, outcome: RealOutcome, asked: str, said: UpstreamResponse) -> tuple[str, ...]:
        if outcome in {RealOutcome.NO_NAME, RealOutcome.NO_RECORD}:
            zone = outcomes.denying_zone(said)
            return () if zone is None else (zone,)
        is_failure = outcome in {RealOutcome.BOGUS, RealOutcome.UNREACHABLE}
        return await self._zones(asked) if is_failure else ()

    async def _zones(self, name: str) -> tuple[str, ...]:
        """Whose servers unbound asks about `name`, and about where its aliases lead: all that is in its cache, but for
        the root's servers, which it looks for first. As long as it finds none, it says nothing at all."""
        try:
            async with asyncio.timeout(2 * _FROM_CACHE_S):
                names = await self._aliased(name)
                # What is an alias is no zone's own name.
                found = [await self._cut(each.partition(".")[2] if each != names[-1] else each) for each in names]
        except TimeoutError:
            return ("",)
        except UpstreamError:
            return ()
        return tuple(dict.fromkeys(found))

    async def _aliased(self, name: str) -> Sequence[str]:
        names = [name]
        while len(names) <= _MOST_ALIASES:
            targets = records.targets((await self._ask(names[-1], wire.TYPE_CNAME, wire.CD)).octets)
            if not targets or targets[0].name in names:
                break
            names.append(targets[0].name)
        return names

    async def _cut(self, name: str) -> str:
        """The zone at or above `name` whose servers are known (RFC 1034 4.3.2): the root if none are."""
        response = await self._ask(name, wire.TYPE_NS, wire.CD)
        if response.rcode == wire.Rcode.SERVFAIL and name:  # that there was none is known of this very question
            return await self._cut(name.partition(".")[2])
        found = records.read(response.octets, (wire.TYPE_NS, wire.TYPE_SOA))
        return next((dnsname.text(each.owner).lower() for each in found), "")

    async def _is_known(self, name: str, qtype: int) -> bool | None:
        """Whether unbound has it in its cache; None if it does not say."""
        try:
            async with asyncio.timeout(_FROM_CACHE_S):
                found = await self._ask(name, qtype, 0)
        except TimeoutError:
            return None
        except UpstreamError:
            return False
        is_negative = wire.TYPE_SOA in found.types[found.answers : found.answers + found.authorities]
        return is_negative or (bool(found.answers) and not is_referral(found, qtype))

    async def _ask(self, name: str, qtype: int, flags: int) -> UpstreamResponse:
        return await asking.ask(self._upstream, name, qtype, self._asker.client, flags)


def _where(ruleset: Ruleset, asked: str) -> str:
    forwarders = ruleset.forwarders_of(asked)
    named = ", ".join(each.tls_name or str(each.address) for each in forwarders)
    zone = ruleset.route_of(asked)
    if zone:
        return f"the server of the route {zone} ({named}; resolver.routes)"
    if forwarders:
        return f"the forwarder{'s' if len(forwarders) > 1 else ''} {named} (resolver.forward)"
    return _AUTHORITIES


@final
class _Listening:
    """`upstream`, and what it says to the next question."""

    def __init__(self, upstream: RecursiveResolver) -> None:
        self._upstream = upstream
        self._heard: list[bytes | None] = []

    def begin(self) -> list[bytes | None]:
        """Where what it says will be; nothing before it has been asked and has answered."""
        self._heard = []
        return self._heard

    def ask(self, query: bytes, client: str, reply: Reply) -> None:
        heard = self._heard

        def hear(message: bytes | None) -> None:
            heard.append(message)
            reply(message)

        self._upstream.ask(query, client, hear)


@final
class _Asker:
    """Who asks, as the pipeline knows it."""

    def __init__(self, client: str) -> None:
        self.client = client

    def how(self) -> Mapping[str, str | bool | None]:
        return {}

    def here(self) -> str:
        return ""
