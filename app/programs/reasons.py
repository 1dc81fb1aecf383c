"""What becomes of a name, and which rule and which list decide: for `homedot why NAME`, and for the setup page."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from app import dnsname
from app.answer import edns, records, wire
from app.answer.policy import Kind, NameVerdict
from app.answer.records import Target
from app.answer.ruleset import Ruleset
from app.answer.upstream import Upstream
from app.errors import UpstreamError

from .rules import RulesetWatcher

_TIMEOUT_S = 4.0
_ASKER = "the setup page"  # counts as one client
USUAL_TYPES: Mapping[str, int] = MappingProxyType({"A": 1, "HTTPS": 65})
"""What browsers ask: AAAA leads where A does, and HTTPS may lead elsewhere."""

_SENTENCES = {
    Kind.SPECIAL: "answered here: {rule} has a fixed meaning ({title})",
    Kind.LOCAL: "answered here: there is a record for it ({title})",
    Kind.RESERVED: "answered here: {rule} never leaves the house ({title})",
    Kind.ALLOWED: "not blocked: {rule} is in {title}",
    Kind.NEVER_BLOCKED: "not blocked: {rule} is one of the names that devices test their network with ({title})",
    Kind.DENIED: "{blocked}: {rule} is in {title}",
    Kind.LISTED: "{blocked}: {rule} is on the list {title}",
    Kind.PASSED: "not blocked: no rule and no list has it",
}


_SWITCHED_OFF = "blocking.enabled is false: nothing is blocked"
_PAUSED = "blocking is paused for {left_s} s more, until {until}: nothing is blocked before"
_UNKNOWN_TARGET = "where it leads to for {kind} is not known: {cause}"
_LEADS_HOME = "its answer for {kind} is left out: it has addresses of private networks (resolver.rebind_protection)"
_MAYBE_LED_HOME = (
    "its answer for {kind} came empty; addresses of private networks would have been left out "
    "(resolver.rebind_protection)"
)


class Reason(NamedTuple):
    """The verdict about `name`, and the name that it leads to if that one decided. `only` is the type that this is
    about, if others may have an answer. `notes` are sentences about what the verdict leaves out, as the pause is if
    `is_paused`."""

    name: str
    verdict: NameVerdict
    alias: str | None = None
    only: str | None = None
    notes: tuple[str, ...] = ()
    is_paused: bool = False

    def __str__(self) -> str:
        blocked = ("would be blocked" if self.is_paused else "blocked") + (f" for {self.only}" if self.only else "")
        sentence = _SENTENCES[self.verdict.kind].format(
            rule=self.verdict.rule, title=self.verdict.title, blocked=blocked
        )
        return f"{self.name}: {sentence}" + (f"; {self.name} leads to {self.alias}" if self.alias else "")


def reason(ruleset: Ruleset, name: str, answers: Mapping[str, Sequence[Target]] = MappingProxyType({})) -> Reason:
    """What `ruleset` decides about `name`, whose answers lead to targets, by type, the first one first. Pure."""
    verdict = ruleset.decide(name)
    found = Reason(name, verdict)
    for kind, targets in answers.items() if verdict.is_open else ():
        target = ruleset.decide_targets(name, targets)
        if target is not None and (target.verdict.blocks or found.alias is None):
            # A is looked at first, and whatever other types there are is behind the same CNAME.
            is_of_all = not target.target.is_service and kind == next(iter(answers))
            found = Reason(name, target.verdict, target.target.name, None if is_of_all else kind)
        if found.verdict.blocks:
            break
    return found


class RunningRuleset:
    """Says what `rules` decide at this moment, and asks `upstream` (None: nobody) where a name leads. `paused_s` says
    how many seconds a pause has left."""

    def __init__(
        self, rules: RulesetWatcher, upstream: Upstream | None, is_enabled: bool, paused_s: Callable[[], int]
    ) -> None:
        self._rules = rules
        self._upstream = upstream
        self._is_enabled = is_enabled
        self._paused_s = paused_s

    async def reason(self, name: str, types: Mapping[str, int] = USUAL_TYPES) -> Reason:
        """What becomes of `name` (as `values.domain` gives it) for `types`, but for a pause, which is noted."""
        ruleset, notes = self._rules.unpaused, []
        left_s = self._paused_s() if self._is_enabled else 0
        if not self._is_enabled:
            notes.append(_SWITCHED_OFF)
        elif left_s:
            until = time.strftime("%H:%M:%S %Z", time.localtime(time.time() + left_s))
            notes.append(_PAUSED.format(left_s=left_s, until=until))
        answers: dict[str, list[Target]] = {}
        if ruleset.decide(name).is_open:
            looks = await asyncio.gather(*(self._looked(ruleset, name, kind, types[kind]) for kind in types))
            answers = {kind: look[0] for kind, look in zip(types, looks, strict=True) if look[0] is not None}
            notes += [note for _, note in looks if note]
        return reason(ruleset, name, answers)._replace(notes=tuple(notes), is_paused=left_s > 0)

    async def _looked(self, ruleset: Ruleset, name: str, kind: str, qtype: int) -> tuple[list[Target] | None, str]:
        """Where upstream's answer leads, None if that is not known, and what is to be said of it, if anything."""
        try:
            response = await self._response(name, qtype)
            targets = records.targets(response)
            if qtype in wire.SERVICE_TYPES and ruleset.points_home(response):
                return targets, _LEADS_HOME.format(kind=kind)
            target = ruleset.decide_targets(name, targets)
            is_blocked = target is not None and target.verdict.blocks  # then it matters no more
            may_lead_home = qtype in (*wire.SERVICE_TYPES, wire.TYPE_A, wire.TYPE_AAAA)
            emptied = may_lead_home and not is_blocked and ruleset.may_have_emptied(response)
            return targets, _MAYBE_LED_HOME.format(kind=kind) if emptied else ""
        except TimeoutError:
            return None, _UNKNOWN_TARGET.format(kind=kind, cause="no answer came in time")
        except UpstreamError as error:
            return None, _UNKNOWN_TARGET.format(kind=kind, cause=error)

    async def _response(self, name: str, qtype: int) -> bytes:
        if self._upstream is None:
            raise UpstreamError("Homedot is not running")
        received: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

        def done(message: bytes | None) -> None:
            if not received.done():
                received.set_result(message)

        self._upstream.ask(_query(name, qtype), _ASKER, done)
        async with asyncio.timeout(_TIMEOUT_S):
            message = await received
        if message is None:
            raise TimeoutError
        response = wire.read_response(message)
        if response.rcode == wire.Rcode.SERVFAIL:
            raise UpstreamError("it cannot be resolved (SERVFAIL)")
        return response.octets


def _query(name: str, qtype: int) -> bytes:
    header = b"\0\0" + wire.RD.to_bytes(2, "big") + b"\0\1\0\0\0\0\0\1"
    return header + dnsname.to_wire(name) + qtype.to_bytes(2, "big") + b"\0\1" + edns.QUERY_OPT[False]
