"""What is answered instead of what upstream says, and who decides that. Pure."""

from dataclasses import replace

from app import dnsname

from . import edns, filtering, records
from .local import TTL_S
from .pending import PendingQuery
from .policy import PASSED, Kind, NameVerdict
from .records import QNAME, LocalResponse
from .referral import Referral, is_referral
from .ruleset import Ruleset
from .wire import Rcode, UpstreamResponse

KEPT_RCODES = {Rcode.NOERROR, Rcode.NXDOMAIN, Rcode.REFUSED}
"""REFUSED is our own word for what is blocked; upstream gives none that has a TTL."""
_OF_THE_HOME = NameVerdict(Kind.LOCAL)


def of(
    pending: PendingQuery, asked: str, verdict: NameVerdict, begun: LocalResponse | None, response: UpstreamResponse
) -> tuple[LocalResponse, NameVerdict] | None:
    """What is answered instead of `response`, and who decides that; None if nobody does.

    Raises UpstreamError for what cannot be read, and Referral.
    """
    if response.authorities and is_referral(response, pending.query.qtype):
        raise Referral(pending.ruleset.route_of(asked))
    ruleset, targets = pending.ruleset, records.targets(response.octets) if response.has_targets else []
    # Where the answer leads may be blocked only if nobody spoke for the name that was asked.
    may_lead = any((targets, ruleset.looks_at_addresses)) and verdict.is_open
    qtype = pending.query.qtype
    target = ruleset.decide_targets(asked, targets, response.octets, qtype) if may_lead else None
    if target is not None and target.verdict.blocks:
        return ruleset.answer_blocked(target, qtype), target.verdict
    home = ruleset.leads_home(asked, response, targets)
    if home is not None:
        return _after(begun, filtered(ruleset, asked, response), home.rest), PASSED
    if response.rcode == Rcode.NXDOMAIN:
        found = _of_no_name(ruleset, asked, begun, response, is_end=not targets)
        if found is not None:
            return found
    return None if begun is None else (_followed(begun, response), _OF_THE_HOME)


def _after(begun: LocalResponse | None, told: LocalResponse | None, rest: LocalResponse) -> LocalResponse:
    rest = told or rest
    return replace(rest, answer=begun.answer + rest.answer) if begun and rest.answer else rest


def _of_no_name(
    ruleset: Ruleset, asked: str, begun: LocalResponse | None, response: UpstreamResponse, *, is_end: bool
) -> tuple[LocalResponse, NameVerdict] | None:
    """What is answered instead of an NXDOMAIN. `is_end`: it is for the name that was asked itself."""
    if is_end and ruleset.is_at_home(asked):
        # Outside there is nothing below it, at home there is (RFC 8020 2).
        owner = dnsname.to_wire(asked) if begun else QNAME
        soa = records.soa(owner, TTL_S)
        return LocalResponse(answer=begun.answer if begun else (), authority=(soa,)), _OF_THE_HOME
    told = filtered(ruleset, asked, response) if begun is None else None
    return None if told is None else (told, PASSED)


def filtered(ruleset: Ruleset, asked: str, response: UpstreamResponse) -> LocalResponse | None:
    """Only of forwarders it is known that they may filter: the router that a route leads to just knows no better."""
    forwarders = () if ruleset.route_of(asked) else ruleset.forwarders_of(asked)
    return filtering.instead(response, forwarders, is_bogus=False) if forwarders else None


def _followed(begun: LocalResponse, response: UpstreamResponse) -> LocalResponse:
    """`begun` with what upstream says of the name outside that an alias of ours leads to. Raises UpstreamError."""
    if response.rcode not in KEPT_RCODES:
        return LocalResponse(rcode=Rcode.SERVFAIL, errors=edns.reasons_of_failure(response.opt))
    found = list(records.read(response.octets))
    answer, authority = (
        tuple(each.octets() for each in found if each.section == section)
        for section in (records.ANSWER, records.AUTHORITY)
    )
    errors = edns.extended_errors(response.opt)
    rcode = Rcode(response.rcode)
    return LocalResponse(rcode=rcode, answer=begun.answer + answer, authority=authority, errors=errors)
