"""Why names do not resolve, found out by upkeep when the front door wishes to know.

unbound knows before any name fails which of several forwarders is silent, and that servers of zones answer as resolvers
do: that is read every 10 s, and asks nobody outside.
"""

import asyncio
import json
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import read_regular, write_atomically
from app.host.event_listener import in_child
from app.trust import disk
from app.unbound import cause, conf
from app.unbound.control import asks_impostors, silent

from . import paths, resolver, users
from .findings_log import Findings
from .look_wanted import LookWanted

_AGAIN_S = 19.0
_DEADLINE_S = 15
_MOST_OCTETS = 1 << 16


def look(settings: Settings, reason: LookWanted) -> Findings:
    """Find the cause and leave word of it. In a child. Raises OperatorError."""
    path, begun_s = paths.closer_look(settings), monotonic()
    last = _last(settings)
    is_wished = reason.wish is not None and list(reason.wish) != last.get("wish")  # type: ignore[call-overload]
    mode = paths.read_enrolment(settings).resolver
    if not is_wished:
        is_due = last.get("remark") and begun_s - last["begun_s"] >= _AGAIN_S
        if not is_due and not in_child("what unbound knows", partial(_looks_odd, settings, mode), _DEADLINE_S):
            return Findings()
    found = in_child("closer look", partial(_found, settings, mode), _DEADLINE_S)
    if isinstance(found, dict):
        with disk.write_faults(path):
            write_atomically(path, json.dumps({**found, "begun_s": begun_s, "wish": reason.wish}).encode())
    return Findings()


def _last(settings: Settings) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        last = json.loads(read_regular(paths.closer_look(settings), _MOST_OCTETS))
        if isinstance(last, dict) and {"begun_s", "remark", "wish"} <= last.keys():
            return last
    return {}


def _found(settings: Settings, mode: str) -> dict[str, str] | None:
    """What strangers answer is read by unbound's user."""
    try:
        asked = resolver.with_copies(settings).resolver
        users.become(users.UNBOUND)
        if mode == "forward":
            return asyncio.run(cause.of_forwarders(asked.forward, asked.ca_bundle))._asdict()
        hints, keys = asked.root_hints or conf.ROOT_HINTS, asked.trust_anchor or conf.TRUST_ANCHOR
        return asyncio.run(cause.of_recursion(hints, keys))._asdict()
    except OperatorError:
        return None


def _looks_odd(settings: Settings, mode: str) -> bool:
    """Whether unbound has seen something that may be a fault of the network. In a child, which becomes its user."""
    users.become(users.UNBOUND)
    with suppress(OSError):
        return (silent if mode == "forward" else asks_impostors)(paths.unbound_control(settings))
    return False
