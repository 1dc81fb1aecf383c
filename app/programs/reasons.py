"""What becomes of a name, and which rule and which list decide: for `homedot why NAME`, and for the setup page."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from app.answer import records, wire
from app.answer.contract import FailureAnalyst, RecursiveResolver
from app.answer.policy import BLOCKING, Kind, NameVerdict
from app.answer.rebinding import HomeLead
from app.answer.records import Target
from app.answer.ruleset import Ruleset
from app.errors import UpstreamError

from . import answer_words
from .control_client import USUAL_TYPES
from .outcomes import RealAnswer, RealOutcome
from .real_answer import RealAnswers
from .rules import RulesetWatcher

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
_LEADS_HOME = (
    "of its answer for {kind} is left out what leads into the home: {how} (resolver.rebind_protection); "
    "if it is meant to, name {name} in resolver.rebind_exceptions"
)
_BY_ADDRESSES, _BY_NAME = "addresses of private networks", "the name {target}"


TypeReason = tuple[NameVerdict, str | None]
"""The verdict about a name for questions of one type, and the name or address that it leads to if that one decided."""


class Reason(NamedTuple):
    """What is to be said first about `name`: a verdict, and where the name leads if that decided. `only` are the types
    that this is about, if others have another verdict, which is in `by_type` then. `notes` are sentences about what the
    verdict leaves out, as the pause is if `is_paused`. `answers` are what the resolver really answers, one for each
    type that was asked."""

    name: str
    verdict: NameVerdict
    alias: str | None = None
    only: str | None = None
    notes: tuple[str, ...] = ()
    is_paused: bool = False
    by_type: Mapping[str, TypeReason] = MappingProxyType({})
    answers: tuple[RealAnswer, ...] = ()

    def __str__(self) -> str:
        """What matters most: what is answered where nobody decides about the name, else who does."""
        told = answer_words.sentence(self.answers)
        return f"{self.name}: {told if told and self.verdict.kind is Kind.PASSED else self.decision}"

    @property
    def decision(self) -> str:
        """Who decides."""
        return self._sentence((self.verdict, self.alias), self.only or "")

    @property
    def others(self) -> tuple[str, ...]:
        """A sentence for each other verdict."""
        said = (self.verdict, self.alias)
        return tuple(
            f"for {kinds}: {self._sentence(other, '')}" for other, kinds in _grouped(self.by_type) if other != said
        )

    def _sentence(self, found: TypeReason, kinds: str) -> str:
        (kind, rule, title), alias = found
        blocked = ("would be blocked" if self.is_paused else "blocked") + (f" for {kinds}" if kinds else "")
        sentence = _SENTENCES[kind].format(rule=rule, title=title, blocked=blocked)
        return sentence + (f"; {self.name} leads to {alias}" if alias else "")


def reason(
    ruleset: Ruleset,
    name: str,
    answers: Mapping[str, Sequence[Target]] = MappingProxyType({}),
    types: Mapping[str, int] = USUAL_TYPES,
) -> Reason:
    """What `ruleset` decides about `name` for questions of `types`, whose answers lead to targets, as far as they are
    known. Pure."""
    # Whatever types there are is behind the same CNAME.
    aliases = [each for each in next(iter(answers.values()), ()) if each.rtype == wire.TYPE_CNAME]
    found = {kind: _of_type(ruleset, name, qtype, answers.get(kind, aliases)) for kind, qtype in types.items()}
    groups = _grouped(found)
    (verdict, alias), kinds = min(groups, key=lambda group: (not group[0][0].blocks, group[0][0].kind is Kind.PASSED))
    return Reason(name, verdict, alias, kinds if verdict.blocks and len(groups) > 1 else None, by_type=found)


def _of_type(ruleset: Ruleset, name: str, qtype: int, targets: Sequence[Target]) -> TypeReason:
    verdict = ruleset.decide(name, qtype)
    target = ruleset.decide_targets(name, targets, qtype=qtype) if verdict.is_open else None
    return (verdict, None) if target is None else (target.verdict, target.target.name)


def _grouped(by_type: Mapping[str, TypeReason]) -> list[tuple[TypeReason, str]]:
    """What is the same of several types, once, and these types."""
    kinds: dict[TypeReason, list[str]] = {}
    for kind, found in by_type.items():
        kinds.setdefault(found, []).append(kind)
    return [(found, " and ".join(every)) for found, every in kinds.items()]


class RunningRuleset:
    """Says what `rules` decide at this moment, and what is really answered: it asks `upstream`, and `diagnosis` why it
    fails. `paused_s` says how many seconds a pause has left."""

    def __init__(
        self,
        rules: RulesetWatcher,
        upstream: RecursiveResolver,
        paused_s: Callable[[], int],
        diagnosis: FailureAnalyst | None = None,
        *,
        is_enabled: bool,
    ) -> None:
        self._real = RealAnswers(upstream, _ASKER, diagnosis, rules.ruleset)
        self._rules = rules
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
        targets = {kind: look.targets for kind, look in zip(types, looks, strict=True) if look.targets is not None}
        found = reason(ruleset, name, targets, types)._replace(is_paused=left_s > 0)
        answers = tuple(look.answer for look in looks)
        told = _answered(found, answers, is_enabled=self._is_enabled)
        notes = [*(found.others if found.only else ()), *told, *(look.note for look in looks if look.note), *notes]
        if owners := self._rules.owner_note(found.verdict.rule):
            notes.append(f"{found.verdict.rule}: {owners}")
        return found._replace(notes=tuple(notes), answers=answers)

    async def _looked(self, ruleset: Ruleset, name: str, kind: str, qtype: int) -> "_TypeLook":
        verdict = ruleset.decide(name, qtype)
        answer, asked, said = await self._real.hear(self._rules.ruleset, name, kind, qtype)
        if said is None or answer.outcome in {
            RealOutcome.FILTERED,
            RealOutcome.FAILED,
            RealOutcome.BOGUS,
            RealOutcome.UNREACHABLE,
        }:
            return _TypeLook(answer, None)
        try:
            targets = records.targets(said.octets)
            target = ruleset.decide_targets(name, targets, said.octets, qtype) if verdict.is_open else None
            if target is not None and target.verdict.blocks:
                return _TypeLook(answer, [target.target, *targets])  # it matters no more where it leads
            home = ruleset.leads_home(asked, said, targets)
        except UpstreamError:
            return _TypeLook(answer, None)
        return _TypeLook(answer, targets, _of_lead(home, kind, asked) if home else "")


class _TypeLook(NamedTuple):
    """What is answered for a type, where that leads, None if that is not known, and what else is to be said of it."""

    answer: RealAnswer
    targets: Sequence[Target] | None
    note: str = ""


def _answered(found: Reason, answers: Sequence[RealAnswer], *, is_enabled: bool) -> list[str]:
    """What the reason itself, which is about the verdict or the answers, leaves out of the other."""
    if found.verdict.kind is Kind.PASSED:
        decision = [found.decision] if is_enabled else []
        return [*answer_words.remarks(answers), *decision]
    if found.verdict.kind in BLOCKING and not found.is_paused:
        return []
    return [answer_words.sentence(answers), *answer_words.remarks(answers)]


def _of_lead(home: HomeLead, kind: str, name: str) -> str:
    how = _BY_NAME.format(target=home.target) if home.target else _BY_ADDRESSES
    return _LEADS_HOME.format(kind=kind, how=how, name=name)
