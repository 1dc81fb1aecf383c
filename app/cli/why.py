"""`homedot why NAME`: what becomes of a name, and which rule and which list decide."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from contextlib import suppress

from app.answer.upstream import Upstream
from app.config.load import Loaded
from app.config.settings import Settings
from app.config.values import domain
from app.errors import OperatorError
from app.programs import control_client, paths
from app.programs.reasons import USUAL_TYPES, Reason, RunningRuleset
from app.programs.rules import RulesetWatcher

_TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "DS": 43}
_TYPES |= {"SVCB": 64, "HTTPS": 65}
_MOST_UNFINISHED = 8  # of which one client may have two


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="like www.example.com")
    parser.add_argument("type", nargs="?", help="A, AAAA, HTTPS, ...; without it, A and HTTPS")


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Print it. Raises OperatorError for what is no name or no type."""
    name, types = _asked(arguments.name, arguments.type)
    found = asyncio.run(_ask(loaded.settings, name, types))
    for line in (found, *found.notes):
        print(line)
    return 0


async def _ask(settings: Settings, name: str, types: Mapping[str, int]) -> Reason:
    paused_s, upstream = 0, None
    with suppress(OperatorError):  # without a front door there is no pause, and nobody keeps unbound's port for it
        paused_s = (await control_client.state(settings))["blocking_paused_seconds"]
        upstream = Upstream(paths.unbound_port(settings), _MOST_UNFINISHED)
    try:
        watcher = RulesetWatcher(settings, lambda: False)
        running = RunningRuleset(watcher, upstream, settings.blocking.enabled, lambda: paused_s)
        return await running.reason(name, types)
    finally:
        if upstream is not None:
            upstream.close()


def _asked(raw_name: str, raw_type: str | None) -> tuple[str, Mapping[str, int]]:
    try:
        name = domain(raw_name)
    except ValueError:
        raise OperatorError(f"why: must be followed by a name, like www.example.com (got {raw_name!r})") from None
    if raw_type is None:
        return name, USUAL_TYPES
    kind = raw_type.upper()
    number = kind.removeprefix("TYPE")
    qtype = _TYPES.get(kind) or (int(number) if number.isascii() and number.isdigit() else 0)
    if not 0 < qtype <= 0xFFFF:
        raise OperatorError(f"why: must be a type like {', '.join(_TYPES)} or TYPE65 (got {raw_type!r})")
    return name, {kind: qtype}
