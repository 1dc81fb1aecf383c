"""Everything that is answered here and not upstream: one immutable value, replaced when something changes. Pure."""

from dataclasses import replace

from . import blocked, special, wire
from .local import TTL_S, Local
from .policy import Kind, Lead, Policy, Verdict
from .rebinding import Rebinding
from .records import Made
from .special import Special
from .wire import Rcode


class House:
    """`policy` decides, with `fixed` and `local` among its steps; the others answer. `rebinding` looks at what comes
    from upstream."""

    def __init__(
        self,
        policy: Policy,
        fixed: Special,
        local: Local,
        blocking_mode: str = "null",
        rebinding: Rebinding = Rebinding(),  # noqa: B008 - immutable
    ) -> None:
        self._policy = policy
        self._special = fixed
        self._local = local
        self._blocked = blocked.answer_with(blocking_mode)
        self._left_out = blocked.answer_with("nodata")
        self.decide = policy.decide
        self.lead = policy.lead
        self.leads_home = rebinding.leads_home
        self.may_have_emptied = rebinding.may_have_emptied

    def answer(self, verdict: Verdict, name: str, qtype: int) -> Made | None:
        """The answer that `verdict` about `name` calls for; None if it is for upstream to give, as none to ANY is."""
        made = self._answer(verdict, name, qtype)
        if qtype != wire.TYPE_ANY or verdict.blocks:
            return made
        has_said = made is not None and (made.answer or made.rcode != Rcode.NOERROR)
        return made if has_said else special.refused_any()

    def instead(self, lead: Lead, qtype: int) -> Made:
        """What an answer that `lead` blocks is replaced with.

        A name whose service is at a blocked target is not blocked itself, and has addresses: whatever the mode, it just
        has no such record, and a client goes on without it (RFC 9460 3).
        """
        answer = self._left_out if lead.alias.is_target else self._blocked
        return answer(lead.verdict.title, qtype)

    def _answer(self, verdict: Verdict, name: str, qtype: int) -> Made | None:
        if verdict.blocks:
            return self._blocked(verdict.title, qtype)
        if verdict.kind is Kind.LOCAL:
            return self._followed(self._local.answer(name, qtype))
        if verdict.kind is Kind.SPECIAL:
            return self._special.answer_fixed(verdict.rule, name, qtype)
        if verdict.kind is Kind.RESERVED:
            return self._special.answer_reserved(verdict.rule, name, qtype)
        return None

    def _followed(self, made: Made) -> Made:
        """An alias that leads to a name that is served here, and of which there is no record, ends here."""
        target = self._policy.decide(made.chase) if made.chase else None
        if target is None or target.kind not in {Kind.SPECIAL, Kind.RESERVED}:
            return made
        negative = special.nothing(target.rule, TTL_S, Rcode.NXDOMAIN)
        return replace(negative, answer=made.answer)
