"""How this box is: what the setup page and `/metrics` know, gathered for one screen."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.config.settings import Settings
from app.doctor.condition import Condition, ConditionKind, of
from app.doctor.healthcheck import check
from app.errors import OperatorError
from app.lists.state import ListState
from app.networks import HEALTH_CHECK
from app.onboarding import expiry
from app.onboarding.enrolment import Enrolment, PublicName
from app.onboarding.guides import notices
from app.revision import told

from . import control_client, paths
from .blocking_page import without_query
from .list_status import NOT_YET, described, duration, is_allow_list, protection, states
from .owner_file import in_force

SCHEMA = 1
"""Of the JSON document: goes up when a member goes away or changes its meaning, not when one is added."""

_DEADLINE_S = 3.0
_UNKNOWN = of(ConditionKind.CANNOT_TELL)
_WIDTH = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """At `now` (UTC). `fault` says why DNS over TLS does not answer, empty if it does. `counts` are the front door's
    numbers by name, `today` how much was asked and blocked today, both empty if it does not tell them. `lists` by
    source are None where blocking is switched off; `allowing` are those that are allow lists, and `protection` says in
    a sentence what all do. `condition` is what the front door says of itself."""

    now: datetime
    fault: str
    counts: Mapping[str, int]
    enrolment: Enrolment
    lists: Mapping[str, ListState] | None
    allowing: Collection[str] = ()
    protection: str = ""
    condition: Condition = _UNKNOWN
    today: Mapping[str, int] = field(default_factory=dict)

    @property
    def answers(self) -> bool:
        return not self.fault

    @property
    def since(self) -> datetime | None:
        """When the front door was started; None if it does not say."""
        up_s = self.counts.get("uptime_seconds")
        return None if up_s is None else self.now - timedelta(seconds=up_s)

    def to_text(self) -> str:
        """A line for each fact."""
        return "\n".join(f"{label:{_WIDTH}} {text}" for label, text in self._facts())

    def to_document(self) -> dict[str, object]:
        """The same for scripts; see docs/monitoring.md."""
        enrolment, now_s = self.enrolment, self.now.timestamp()
        lists = self.lists or {}
        return {
            "schema": SCHEMA,
            "condition": self.condition.to_document(),
            "answers": self.answers,
            "fault": self.fault or None,
            "since": self.since and self.since.isoformat(timespec="seconds"),
            "devices": self.counts.get("clients"),
            "today": {"queries": self.today.get("queries"), "blocked": self.today.get("blocked")},
            "blocking": {
                "enabled": self.lists is not None,
                "paused_seconds": self.counts.get("blocking_paused_seconds"),
                "lists": [
                    described(without_query(source), its, now_s, allows=source in self.allowing)
                    for source, its in lists.items()
                ],
            },
            "hostname": enrolment.hostname,
            "addresses": list(map(str, enrolment.addresses)),
            "port": enrolment.dot_port,
            "plain_port": enrolment.plain_port,
            "page": enrolment.url,
            "certificate_not_after": enrolment.not_after.isoformat(),
            "public_name": enrolment.public and enrolment.public.name,
            "public_certificate_not_after": _end(enrolment.public),
            "resolver": enrolment.resolver,
            "resolver_reason": enrolment.resolver_reason,
            "notices": list(self._notices),
            "version": told(),
        }

    @property
    def _notices(self) -> tuple[str, ...]:
        return *expiry.notices(self.enrolment, self.now), *notices(self.enrolment)

    def _facts(self) -> Iterator[tuple[str, str]]:
        enrolment = self.enrolment
        yield "state", self.condition.text(self.now.astimezone())
        if self.answers:
            yield "answers", f"yes, DNS over TLS on port {enrolment.dot_port}, as {enrolment.hostname}"
        else:
            yield "answers", f"no: {self.fault}"
        if self.since is not None:
            yield "since", f"{self.since:%Y-%m-%d %H:%M} UTC ({duration((self.now - self.since).total_seconds())})"
            yield "devices", f"{self.counts['clients']} connected"
        if self.today:
            yield "today", f"{self.today['queries']} questions, {self.today['blocked']} of them blocked"
        yield "blocking", self._blocking()
        for source, known in (self.lists or {}).items():
            yield "list", _listed(without_query(source), known, self.now.timestamp())
        yield "certificate", expiry.lasts(enrolment)
        if enrolment.public is not None and enrolment.public.not_after is not None:
            yield "public name", f"{enrolment.public.name}, valid until {enrolment.public.not_after:%Y-%m-%d}"
        for notice in self._notices:
            yield "", notice
        yield "addresses", ", ".join(map(str, enrolment.addresses))
        yield "resolver", f"{enrolment.resolver}: {enrolment.resolver_reason}"
        if enrolment.url is not None:
            yield "setup page", enrolment.url
        yield "version", told().removeprefix("homedot ")

    def _blocking(self) -> str:
        if self.lists is None:
            return "off: blocking.enabled is false"
        left_s = self.counts.get("blocking_paused_seconds")
        if left_s is None:
            return "not known: the front door does not tell"
        if left_s:
            return f"paused for {duration(left_s)} more; `homedot resume` ends it"
        return f"on: {self.protection}"


def _end(public: PublicName | None) -> str | None:
    return public.not_after.isoformat() if public and public.not_after else None


def look(settings: Settings) -> Status:
    """Ask the running box, and read what it has left. Raises OperatorError if it was never started."""
    enrolment = paths.read_enrolment(settings)
    fault, counts, today = "", dict[str, int](), dict[str, int]()
    try:
        check(settings.dot.port, enrolment.hostname, _DEADLINE_S, HEALTH_CHECK)
    except OperatorError as error:
        fault = str(error)
    try:
        counts = asyncio.run(control_client.state(settings))
        today = asyncio.run(control_client.today(settings))
    except OperatorError as error:
        fault = fault or str(error)
    settings = in_force(settings)
    lists = states(settings) if settings.blocking.enabled else None
    said = protection(settings.blocking, lists or {}).sentence
    allowing = [source for source, its in (lists or {}).items() if is_allow_list(settings.blocking, source, its)]
    condition = asyncio.run(control_client.condition(settings))
    return Status(
        now=datetime.now(UTC),
        fault=fault,
        counts=counts,
        enrolment=enrolment,
        lists=lists,
        allowing=allowing,
        protection=said,
        condition=condition,
        today=today,
    )


def document(settings: Settings) -> dict[str, object]:
    """What is told to programs, by the command and by the page. Raises OperatorError if it was never started."""
    return look(settings).to_document()


def _listed(source: str, known: ListState, now_s: float) -> str:
    if not known.checked_s:
        return f"{source}: {NOT_YET}"
    age = f", {duration(now_s - known.updated_s)} old" if known.updated_s else ""
    return f"{known.title or source}: {known.names} names{age}" + (f"; failed: {known.error}" if known.error else "")
