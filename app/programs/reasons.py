"""What becomes of a name, and which rule and which list decide: for `homedot why NAME`, and for the setup page."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from app import dnsname
from app.answer import edns, records, replacement, wire
from app.answer.contract import Failure
from app.answer.diagnosis import Diagnosis
from app.answer.policy import Kind, NameVerdict
from app.answer.rebinding import HomeLead
from app.answer.records import LocalResponse, Target
from app.answer.referral import Referral, is_referral
from app.answer.ruleset import Ruleset
from app.answer.upstream import Upstream
from app.errors import UpstreamError

from .control_client import USUAL_TYPES
from .rules import RulesetWatcher

_TIMEOUT_S = 4.0
_ASKER = "the setup page"  # counts as one client

_SENTENCES = {
    Kind.SPECIAL: "answered here: {rule} has a fixed meaning ({title})",
    Kind.LOCAL: "answered here: there is a record for it ({title})",
    Kind.RESERVED: "answered here: {rule} never leaves the house ({title})",
    Kind.ALLOWED: "not blocked: {rule} is in {title}",
    Kind.NEVER_BLOCKED: "not blocked: {rule} is one of the names that devices test their network with ({title})",
    Kind.DENIED: "{blocked}: {rule} is in {title}",
    Kind.ALLOW_LISTED: "not blocked: {rule} is on the allow list {title}",
    Kind.EXCEPTED_IMPORTANTLY: "not blocked: the list {title} has an important exception for {rule}",
    Kind.LISTED_IMPORTANTLY: "{blocked}: {rule} is on the list {title}, which calls it important",
    Kind.EXCEPTED: "not blocked: the list {title} has an exception for {rule}",
    Kind.LISTED: "{blocked}: {rule} is on the list {title}",
    Kind.PASSED: "not blocked: no rule and no list has it",
}


_SWITCHED_OFF = "blocking.enabled is false: nothing is blocked"
_PAUSED = "blocking is paused for {left_s} s more, until {until}: nothing is blocked before"
_UNKNOWN_TARGET = "where it leads to for {kind} is not known: {cause}"
_LEADS_HOME = (
    "of its answer for {kind} is left out what leads into the home: {how} (resolver.rebind_protection); "
    "if it is meant to, name {name} in resolver.rebind_exceptions"
)
_TOLD = "its answer for {kind}: {told}"
_BY_ADDRESSES, _BY_NAME = "addresses of private networks", "the name {target}"


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
            is_of_all = not (target.target.is_service or target.target.is_address) and kind == next(iter(answers))
            found = Reason(name, target.verdict, target.target.name, None if is_of_all else kind)
        if found.verdict.blocks:
            break
    return found


class RunningRuleset:
    """Says what `rules` decide at this moment, and asks `upstream` where a name leads, and `diagnosis` why it fails.
    `paused_s` says how many seconds a pause has left."""

    def __init__(
        self,
        rules: RulesetWatcher,
        upstream: Upstream,
        paused_s: Callable[[], int],
        diagnosis: Diagnosis | None = None,
        *,
        is_enabled: bool,
    ) -> None:
        self._diagnosis = diagnosis
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
        looks = await asyncio.gather(*(self._looked(ruleset, name, kind, types[kind]) for kind in types))
        answers = {kind: look[0] for kind, look in zip(types, looks, strict=True) if look[0] is not None}
        notes += [note for _, note in looks if note]
        found = reason(ruleset, name, answers)
        if owners := self._rules.owner_note(found.verdict.rule):
            notes.append(f"{found.verdict.rule}: {owners}")
        return found._replace(notes=tuple(notes), is_paused=left_s > 0)

    async def _looked(self, ruleset: Ruleset, name: str, kind: str, qtype: int) -> tuple[list[Target] | None, str]:
        """Where upstream's answer leads, None if that is not known, and what is to be said of it, if anything."""
        verdict = ruleset.decide(name)
        local = ruleset.answer(verdict, name, qtype)
        if local is not None and not local.chase:
            return None, ""
        asked = local.chase if local else name
        try:
            response = await self._response(asked, qtype)
            told = await self._told_instead(ruleset, asked, qtype, response)
            if told is not None:
                return None, _TOLD.format(kind=kind, told=edns.text_of(told.errors))
            if is_referral(response, qtype):
                raise Referral(ruleset.route_of(asked))
            targets = records.targets(response.octets)
            target = ruleset.decide_targets(name, targets, response.octets) if verdict.is_open else None
            if target is not None and target.verdict.blocks:
                return [target.target, *targets], ""  # it matters no more where it leads
            home = ruleset.leads_home(asked, response, targets)
            return targets, _of_lead(home, kind, asked) if home else ""
        except TimeoutError:
            return None, _UNKNOWN_TARGET.format(kind=kind, cause="no answer came in time")
        except UpstreamError as error:
            return None, _UNKNOWN_TARGET.format(kind=kind, cause=error)

    async def _response(self, name: str, qtype: int) -> wire.UpstreamResponse:
        received: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

        def done(message: bytes | None) -> None:
            if not received.done():
                received.set_result(message)

        self._upstream.ask(_query(name, qtype), _ASKER, done)
        async with asyncio.timeout(_TIMEOUT_S):
            message = await received
        if message is None:
            raise TimeoutError
        return wire.read_response(message)

    async def _told_instead(
        self, ruleset: Ruleset, asked: str, qtype: int, response: wire.UpstreamResponse
    ) -> LocalResponse | None:
        """What clients are told instead of the response of a forwarder that filters or refuses a type."""
        if response.rcode != wire.Rcode.SERVFAIL:
            return replacement.filtered(ruleset, asked, response)
        query = wire.read_query(_query(asked, qtype))
        failure = Failure(ruleset, asked, query, _ASKER, response.opt)
        found = await self._diagnosis.explanation(failure) if self._diagnosis else None
        if found is None:
            raise UpstreamError("it cannot be resolved (SERVFAIL)")
        if found.rcode == wire.Rcode.SERVFAIL:
            raise UpstreamError(f"{edns.text_of(found.errors)} (SERVFAIL)")
        return found


def _query(name: str, qtype: int) -> bytes:
    header = b"\0\0" + wire.RD.to_bytes(2, "big") + b"\0\1\0\0\0\0\0\1"
    return header + dnsname.to_wire(name) + qtype.to_bytes(2, "big") + b"\0\1" + edns.QUERY_OPT[False]


def _of_lead(home: HomeLead, kind: str, name: str) -> str:
    how = _BY_NAME.format(target=home.target) if home.target else _BY_ADDRESSES
    return _LEADS_HOME.format(kind=kind, how=how, name=name)
