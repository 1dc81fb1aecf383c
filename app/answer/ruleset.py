"""Everything that is answered here and not upstream: one immutable value, replaced when something changes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import final

from app import dnsname
from app.config.forwarding import Forwarder

from . import blocked, special, wire
from .local import TTL_S, LocalRecords
from .policy import BLOCKING, Kind, NameVerdict, Policy, TargetVerdict
from .rebinding import RebindProtection
from .records import LocalResponse
from .special import SpecialNames
from .wire import Rcode


@final
class Ruleset:
    """`policy` decides, with `special` and `local` among its steps; the others answer. `rebinding` looks at what comes
    from upstream. `forwarders` are who is asked about each zone that has a route, and about all others under ""."""

    __slots__ = (
        "_blocked", "_forwarders", "_local", "_policy", "_special", "_without_record",
        "decide", "decide_targets", "is_at_home", "leads_home", "looks_at_addresses",
    )  # fmt: skip

    def __init__(
        self,
        policy: Policy,
        special_names: SpecialNames,
        local: LocalRecords,
        blocking_mode: str = "null",
        *,
        rebinding: RebindProtection | None = None,
        forwarders: Mapping[str, Sequence[Forwarder]] = MappingProxyType({}),
    ) -> None:
        self._policy = policy
        self._special = special_names
        self._local = local
        self._blocked = blocked.answer_with(blocking_mode)
        self._without_record = blocked.answer_with("nodata")
        self.decide = policy.decide
        self.decide_targets = policy.decide_targets
        self._forwarders = forwarders
        self.is_at_home = special_names.is_at_home
        self.looks_at_addresses = policy.looks_at_addresses
        self.leads_home = (rebinding or RebindProtection()).leads_home

    def route_of(self, name: str) -> str:
        """The zone of the route that is asked about `name`; empty: there is none."""
        return next((zone for zone in dnsname.suffixes(name) if zone in self._forwarders), "")

    def forwarders_of(self, name: str) -> Sequence[Forwarder]:
        """Who is asked about `name`; nobody where unbound recurses."""
        return self._forwarders.get(self.route_of(name), ())

    def answer(self, verdict: NameVerdict, name: str, qtype: int) -> LocalResponse | None:
        """The answer that `verdict` about `name` calls for; None if it is for upstream to give, as none to ANY is."""
        kind, response = verdict.kind, None
        if kind in BLOCKING:
            response = self._blocked(verdict.title, qtype)
            # Whoever believes that a name does not exist believes it of all below it (RFC 8020 2).
            denies_home = response.rcode == Rcode.NXDOMAIN and self.is_at_home(name)
            return self._without_record(verdict.title, qtype) if denies_home else response
        if kind is Kind.LOCAL:
            response = self._follow(self._local.answer(name, qtype))
        elif kind is Kind.SPECIAL:
            response = self._special.answer_fixed(verdict.rule, name, qtype)
        elif kind is Kind.RESERVED:
            response = self._special.answer_reserved(verdict.rule, name, qtype)
        if qtype != wire.TYPE_ANY or (response is not None and (response.answer or response.rcode != Rcode.NOERROR)):
            return response
        return special.refused_any()

    def answer_blocked(self, verdict: TargetVerdict, qtype: int) -> LocalResponse:
        """What an answer that leads to a blocked name is replaced with.

        A name whose service is at a blocked target is not blocked itself, and has addresses: whatever the mode, it just
        has no such record, and a client goes on without it (RFC 9460 3).
        """
        answer = self._without_record if verdict.target.is_service else self._blocked
        return answer(verdict.verdict.title, qtype)

    def _follow(self, response: LocalResponse) -> LocalResponse:
        """An alias that leads to a name that is served here, and of which there is no record, ends here."""
        target = self._policy.decide(response.chase) if response.chase else None
        if target is None or target.kind not in {Kind.SPECIAL, Kind.RESERVED}:
            return response
        exists = self._special.exists(target.rule, response.chase)
        negative = special.nothing(target.rule, TTL_S, Rcode.NOERROR if exists else Rcode.NXDOMAIN)
        return replace(negative, answer=response.answer)
