"""What the doctor knows of this box without asking it as a device would: from its own programs and their files."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from app import holders
from app.config.settings import Settings
from app.doctor import causes, dns_checks
from app.doctor.target import LookUp
from app.errors import OperatorError
from app.trust import clock

from . import control_client
from .blocking_page import without_query
from .list_status import states
from .outcomes import RealOutcome

_FIRST_LOOK_S = 120
"""Until then after a start the lists are being downloaded."""
_NOT_SET = "the clock of this machine is not set: it shows a day from before this Homedot was made"
_REMEDIES = {
    "forwarder": "check that it runs, and that this machine reaches it, or name another one in `resolver.forward`",
    "internet": causes.INTERNET_REMEDY,
    "": "restart the container; if it stays, `docker compose logs` says why unbound does not run",
}
"""By a word in where answers come from."""
_REACHED = {RealOutcome.ANSWERED, RealOutcome.NO_NAME, RealOutcome.NO_RECORD, RealOutcome.FILTERED}


class ListFaults(NamedTuple):
    """In sentences."""

    missing: Sequence[str]
    late: Sequence[str]
    awaited: Sequence[str]


def front_door(settings: Settings) -> tuple[str, int]:
    """Why the front door does not say how it is, empty if it does; and for how many seconds it has been running."""
    try:
        return "", asyncio.run(control_client.state(settings)).get("uptime_seconds", 0)
    except OperatorError as error:
        return str(error), _FIRST_LOOK_S


def look_up(settings: Settings, name: str) -> LookUp:
    """What the front door says to `why` about `name`."""
    try:
        told = asyncio.run(control_client.ask(settings, f"why {name} A 1"))
        (answer,) = told["answers"]
        outcome, says, where = RealOutcome(answer["outcome"]), str(answer["says"]), str(answer["from"])
        reason = str(answer["reason"])
    except (OperatorError, LookupError, TypeError, ValueError) as error:
        return LookUp(None, str(error))
    if outcome is RealOutcome.BOGUS:
        return LookUp(
            False, f"refused: the signatures in what comes from {where} are wrong ({reason})", _of_bogus(where)
        )
    remedy = next(remedy for word, remedy in _REMEDIES.items() if word in where)
    return LookUp(outcome in _REACHED, says.removeprefix("not answered: "), remedy)


def _of_bogus(where: str) -> str:
    if "forwarder" in where:
        return "name a forwarder that passes DNSSEC signatures on in `resolver.forward`"
    return dns_checks.ALTERED


def clock_fault() -> str:
    """Why the clock cannot be right; empty if it can."""
    return _NOT_SET if clock.now() is None else ""


def lists(settings: Settings, uptime_s: int) -> ListFaults:
    """What is missing of the block lists that the settings name, could not be brought up to date, or is still to come
    because this box was started `uptime_s` ago."""
    missing, late, awaited = list[str](), list[str](), list[str]()
    for source, its in (states(settings) if settings.blocking.enabled else {}).items():
        name = f"the block list {without_query(source)}"
        if its.is_there and its.error:
            late.append(f"{name} is not up to date: {its.error}")
        elif not its.is_there and not its.checked_s and uptime_s < _FIRST_LOOK_S:
            awaited.append(f"{name} is not there yet")
        elif not its.is_there:
            missing.append(
                f"{name} is missing, so nothing on it is blocked: {its.error or 'it was not downloaded yet'}"
            )
    return ListFaults(missing, late, awaited)


def holders_of(settings: Settings) -> Sequence[str]:
    """Who has the port of DNS over TLS, as far as can be seen here."""
    try:
        return holders.holders(settings.dot.port)
    except (OSError, ValueError):
        return ()
