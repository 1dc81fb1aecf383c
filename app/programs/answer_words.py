"""What the resolver really answers, in words: for `homedot why NAME`, and for the setup page. Pure."""

from collections.abc import Sequence

from .outcomes import UNKNOWN, RealAnswer, RealOutcome

_MOST_SHOWN = 4


def document(answer: RealAnswer) -> dict[str, object]:
    """The same for JSON."""
    return {
        "type": answer.kind,
        "outcome": answer.outcome,
        "records": answer.values,
        "from": answer.where,
        "zones": answer.zones,
        "validated": answer.is_validated,
        "known_before": answer.is_known,
        "old": answer.is_stale,
        "reason": answer.reason,
        "says": sentence([answer]),
    }


def sentence(answers: Sequence[RealAnswer]) -> str:
    """What becomes of a name whose types have these answers, without a dot at the end; "" if nobody can tell."""
    if not answers:
        return ""
    has = [answer for answer in answers if answer.outcome is RealOutcome.ANSWERED]
    if has:
        best = next((answer for answer in has if _is_address(answer)), has[0])
        return f"has {_found(has)}{_circumstances(best)}"
    worst = min(answers, key=lambda answer: list(RealOutcome).index(answer.outcome))
    return _WORDS[worst.outcome](worst, [each.kind for each in answers if each.outcome is worst.outcome])


def remarks(answers: Sequence[RealAnswer]) -> list[str]:
    """What `sentence` does not say: what becomes of single types that fare worse, or otherwise."""
    told = sentence(answers)
    apart = {RealOutcome.NO_RECORD, RealOutcome.BLOCKED, RealOutcome.HOME, RealOutcome.ANSWERED}
    worse = (each for each in answers if each.outcome not in apart)
    return [f"for {each.kind}: {says}" for each in worse if (says := sentence([each])) != told]


def _found(answers: Sequence[RealAnswer]) -> str:
    addresses = [value for answer in answers if _is_address(answer) for value in answer.values]
    if addresses:
        return f"the address{'es' if len(addresses) > 1 else ''} {_listed(addresses)}"
    kind, found = answers[0].kind, answers[0].values
    shown = [value for value in found if not value.startswith(UNKNOWN)]
    counted = f"{len(found)} {kind} record{'s' if len(found) > 1 else ''}"
    return f"{counted}: {_listed(shown)}" if shown else counted


def _is_address(answer: RealAnswer) -> bool:
    return answer.kind in {"A", "AAAA"}


def _listed(found: Sequence[str]) -> str:
    shown = ", ".join(found[:_MOST_SHOWN])
    return f"{shown} and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else shown


def _circumstances(answer: RealAnswer) -> str:
    if not answer.where:
        return ""
    if answer.is_stale:
        return f", from {answer.where}, as it was some time ago: nobody can be asked now"
    proved = "checked with DNSSEC" if answer.is_validated else "not signed, so not checked"
    return f", from {answer.where}, {proved}, {'known from before' if answer.is_known else 'asked just now'}"


def _no_name(answer: RealAnswer, _: Sequence[str]) -> str:
    return f"there is no such name{_says(answer)}"


def _no_record(answer: RealAnswer, kinds: Sequence[str]) -> str:
    return f"the name exists, but has no record of the type {' or '.join(kinds)}{_says(answer)}"


def _says(answer: RealAnswer) -> str:
    if not answer.where:
        return ""
    zone = f"the zone {_zone(answer.zones[0])}" if answer.zones else "its zone"
    proved = "and proves it with DNSSEC" if answer.is_validated else "without proof, for it is not signed"
    when = "some time ago" if answer.is_stale else "known from before" if answer.is_known else "asked just now"
    return f": {zone} says so, {proved} (from {answer.where}, {when})"


def _bogus(answer: RealAnswer, _: Sequence[str]) -> str:
    zones = " or ".join(map(_zone, answer.zones)) or "its zone"
    why = f" ({answer.reason})" if answer.reason else ""
    says = f"refused, because its signatures are wrong{why}: that is for whoever runs {zones} to mend"
    is_forwarded = "forwarder" in answer.where
    or_forwarder = f", or {answer.where} does not pass signatures on" if is_forwarded else ""
    return f"{says}; if many names fail so, the clock of this machine is wrong{or_forwarder}"


def _unreachable(answer: RealAnswer, _: Sequence[str]) -> str:
    if not answer.where:
        return "not answered: the resolver of this box, unbound, does not answer; its log says why"
    if "name servers" not in answer.where:
        return f"not answered: {answer.where} is silent, or says nothing usable"
    if "" in answer.zones:
        return "not answered: not even the internet's root is reached, so this box has no way to the internet"
    zones = " or ".join(map(_zone, answer.zones)) or "its zone"
    return f"not answered: the name servers of {zones} are silent, or say nothing usable"


def _failed(answer: RealAnswer, _: Sequence[str]) -> str:
    return f"not answered: {answer.reason}"


def _filtered(answer: RealAnswer, _: Sequence[str]) -> str:
    return f"blocked upstream, not here: {answer.reason or 'by ' + answer.where}"


def _home(_: RealAnswer, kinds: Sequence[str]) -> str:
    return f"its answer for {' and '.join(kinds)} leads into the home, and is left out"


def _blocked(answer: RealAnswer, _: Sequence[str]) -> str:
    return f"blocked here: {answer.reason}"


_WORDS = {
    RealOutcome.BOGUS: _bogus,
    RealOutcome.UNREACHABLE: _unreachable,
    RealOutcome.FAILED: _failed,
    RealOutcome.FILTERED: _filtered,
    RealOutcome.HOME: _home,
    RealOutcome.NO_NAME: _no_name,
    RealOutcome.NO_RECORD: _no_record,
    RealOutcome.BLOCKED: _blocked,
}


def _zone(name: str) -> str:
    return name or "the root"
