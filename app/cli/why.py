"""What becomes of a name, and which rule and which list decide: for `homedot why NAME`, and for the setup page."""

import asyncio
from typing import NamedTuple

from app.answer import edns, names, records, wire
from app.answer.house import House
from app.answer.policy import Kind, Verdict
from app.answer.records import TYPE_A
from app.answer.upstream import Upstream
from app.errors import OperatorError, UpstreamError
from app.settings import Settings
from app.values import domain

from .rules import Rules

_TIMEOUT_S = 4.0
_ASKER = "the setup page"  # counts as one client
_TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "DS": 43}
_TYPES |= {"SVCB": 64, "HTTPS": 65}
_SENTENCES = {
    Kind.SPECIAL: "answered here: {rule} has a fixed meaning ({title})",
    Kind.LOCAL: "answered here: there is a record for it ({title})",
    Kind.RESERVED: "answered here: {rule} never leaves the house ({title})",
    Kind.ALLOWED: "not blocked: {rule} is in {title}",
    Kind.NEVER_BLOCKED: "not blocked: {rule} is one of the names that devices test their network with ({title})",
    Kind.DENIED: "blocked: {rule} is in {title}",
    Kind.LISTED: "blocked: {rule} is on the list {title}",
    Kind.PASSED: "not blocked: no rule and no list has it",
}


_SWITCHED_OFF = "blocking.enabled is false: nothing is blocked"
_PAUSED = "blocking is paused: until that ends nothing is blocked"
_UNKNOWN_TARGET = "where it leads to is not known, because unbound does not answer"
_LEADS_HOME = "its answer is left out: it has addresses of private networks (resolver.rebind_protection)"


class Reason(NamedTuple):
    """The verdict about `name`, and the name that it leads to (CNAME) if that one decided. `notes` are sentences about
    what the verdict leaves out."""

    name: str
    verdict: Verdict
    alias: str | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        sentence = _SENTENCES[self.verdict.kind].format(rule=self.verdict.rule, title=self.verdict.title)
        return f"{self.name}: {sentence}" + (f"; {self.name} leads to {self.alias}" if self.alias else "")


def reason(house: House, name: str, aliases: tuple[str, ...] | list[str] = ()) -> Reason:
    """What `house` decides about `name`, whose answer leads to `aliases`. Pure."""
    verdict = house.decide(name)
    if verdict.is_open:
        for alias in aliases:
            found = house.decide_alias(alias)
            if found.blocks:
                return Reason(name, found, alias)
    return Reason(name, verdict)


def why(settings: Settings, raw_name: str, raw_type: str) -> None:
    """Print it. Raises OperatorError for what is no name or no type. A pause, which only the front door knows, is left
    out."""
    found = asyncio.run(_ask(settings, *_asked(raw_name, raw_type)))
    for line in (found, *found.notes):
        print(line)


async def _ask(settings: Settings, name: str, qtype: int) -> Reason:
    upstream = Upstream(settings.resolver.port, 1)
    try:
        house = RunningHouse(Rules(settings, lambda: False), upstream, settings.blocking.enabled)
        return await house.reason(name, qtype)
    finally:
        upstream.close()


def _asked(raw_name: str, raw_type: str) -> tuple[str, int]:
    try:
        name = domain(raw_name)
    except ValueError:
        raise OperatorError(f"why: must be followed by a name, like www.example.com (got {raw_name!r})") from None
    kind = raw_type.upper()
    number = kind.removeprefix("TYPE")
    qtype = _TYPES.get(kind) or (int(number) if number.isascii() and number.isdigit() else 0)
    if not 0 < qtype <= 0xFFFF:
        raise OperatorError(f"why: must be a type like {', '.join(_TYPES)} or TYPE65 (got {raw_type!r})")
    return name, qtype


class RunningHouse:
    """Says what `rules` decide at this moment, and asks `upstream` where a name leads."""

    def __init__(self, rules: Rules, upstream: Upstream, is_enabled: bool) -> None:
        self._rules = rules
        self._upstream = upstream
        self._is_enabled = is_enabled

    async def reason(self, name: str, qtype: int = TYPE_A) -> Reason:
        """What becomes of `name` (as `values.domain` gives it), but for a pause, which is noted."""
        house, notes = self._rules.unpaused, []
        if not self._is_enabled:
            notes.append(_SWITCHED_OFF)
        elif self._rules.is_paused:
            notes.append(_PAUSED)
        aliases: list[str] = []
        if house.decide(name).is_open:
            try:
                response = await self._response(name, qtype)
                aliases = records.aliases(response)
                if qtype in records.SERVICE_TYPES and house.leads_home(response):
                    notes.append(_LEADS_HOME)
            except (TimeoutError, UpstreamError):
                notes.append(_UNKNOWN_TARGET)
        return reason(house, name, aliases)._replace(notes=tuple(notes))

    async def _response(self, name: str, qtype: int) -> bytes:
        received: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

        def done(message: bytes | None) -> None:
            if not received.done():
                received.set_result(message)

        self._upstream.ask(_query(name, qtype), _ASKER, done)
        async with asyncio.timeout(_TIMEOUT_S):
            message = await received
        if message is None:
            raise TimeoutError
        return wire.read_response(message).octets


def _query(name: str, qtype: int) -> bytes:
    header = b"\0\0" + wire.RD.to_bytes(2, "big") + b"\0\1\0\0\0\0\0\1"
    return header + names.text_to_wire(name) + qtype.to_bytes(2, "big") + b"\0\1" + edns.query_opt(dnssec_ok=False)
