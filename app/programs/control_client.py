"""The running front door, asked from another process of ours: the other end of `control`."""

import asyncio
import json
import logging
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from app.config.settings import Settings
from app.doctor.condition import NO_FRONT_DOOR, Condition, ConditionKind, from_document, of
from app.dot.nonce_store import NONCE_OCTETS
from app.errors import OperatorError
from app.text import printable

from . import paths

log = logging.getLogger(__name__)

MOST_LINE_OCTETS = 16 * 1024
_MOST_ANSWER_OCTETS = 4 << 20
_WHY_TIMEOUT_S, _TIMEOUT_S = 12.0, 6.0  # the front door gives up before
NONCE = re.compile(f"[0-9a-f]{{{2 * NONCE_OCTETS}}}")
KIND = re.compile("[A-Z0-9]{1,9}")
USUAL_TYPES: Mapping[str, int] = MappingProxyType({"A": 1, "AAAA": 28, "HTTPS": 65})
"""What `why` is about: devices ask these, a rule may be for one of them, and HTTPS may lead elsewhere."""


async def ask(settings: Settings, line: str) -> Any:
    """What it says to `line`, harmless to a terminal: it reads what strangers write, and who asks may be root.

    Raises OperatorError if that is no, or nothing.
    """
    path = paths.control_socket(settings)
    try:
        async with asyncio.timeout(_WHY_TIMEOUT_S if line.startswith("why ") else _TIMEOUT_S):
            reader, writer = await asyncio.open_unix_connection(path, limit=_MOST_ANSWER_OCTETS)
            try:
                writer.write(f"{line}\n".encode())
                word, _, said = (await reader.readline()).decode().strip().partition(" ")
            finally:
                writer.close()
        answer = _printable(json.loads(said)) if word == "ok" else None
    except TimeoutError as error:
        raise OperatorError(f"{path}: the front door does not answer in time; see its log") from error
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise OperatorError(f"{path}: the front door does not answer: {reason}: {paths.IS_RUNNING}") from error
    if word != "ok":
        raise OperatorError(printable(said) or f"{path}: the front door does not answer; see its log")
    return answer


async def change(settings: Settings, do: str, what: Sequence[str] = (), *, by: str, **more: str) -> list[str]:
    """Have something set through the owner's door, as in `owner.wishes`. Returns sentences; raises OperatorError."""
    line = f"change {json.dumps({'do': do, 'what': list(what), 'by': by, **more})}"
    if len(line) >= MOST_LINE_OCTETS:
        raise OperatorError(f"{do}: that is too much at once")
    return list((await ask(settings, line))["says"])


async def undo(settings: Settings, number: int | None, *, by: str) -> list[str]:
    """Have a change undone, or the last one. Returns sentences; raises OperatorError."""
    return list((await ask(settings, f"undo {json.dumps({'number': number, 'by': by})}"))["says"])


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_printable(each) for each in value]
    if isinstance(value, dict):
        return {printable(name): _printable(each) for name, each in value.items()}
    return value


async def state(settings: Settings) -> dict[str, int]:
    """Its counts by name. Raises OperatorError."""
    return {str(name): int(value) for name, value in (await ask(settings, "state")).items()}


async def series(settings: Settings) -> dict[str, dict[str, int]]:
    """Its counts that have labels, by the name and by the values of these. Raises OperatorError."""
    told = await ask(settings, "series")
    return {str(name): {str(key): int(value) for key, value in numbers.items()} for name, numbers in told.items()}


async def today(settings: Settings) -> dict[str, int]:
    """How much was asked today, and how much of it blocked. Raises OperatorError."""
    return {str(name): int(value) for name, value in (await ask(settings, "today")).items()}


async def condition(settings: Settings) -> Condition:
    """How this box is. Never raises: a front door that says nothing does not answer, and that is the condition."""
    try:
        return from_document(await ask(settings, "condition"))
    except (OperatorError, LookupError, TypeError, ValueError) as error:
        log.debug("%s", error)
        return of(ConditionKind.NOT_ANSWERING, about=NO_FRONT_DOOR)


class SelfTestClient:
    """Its memory of the self-test's questions, as `onboarding.selftest` wants it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def new(self) -> str:
        return str(await ask(self._settings, "new"))

    async def look(self, nonce: str) -> Mapping[str, Any] | None:
        found = await ask(self._settings, f"seen {nonce}") if NONCE.fullmatch(nonce) else None
        return found if isinstance(found, Mapping) else None
