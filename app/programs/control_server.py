"""The socket on which the front door hears other programs of ours.

One line in, one line out: `ok` and a JSON value, or `no` and a sentence. Any user of the box may connect; the kernel
says who it is, and only those who are named are listened to; each has few connections, for the front door's descriptors
are those of its clients.
"""

import asyncio
import json
import logging
import os
import pwd
import re
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.config.values import domain
from app.doctor.condition import Condition
from app.dot.nonce_store import NonceStore
from app.errors import OperatorError
from app.owner.length import MOST_S
from app.owner.wishes import Wish
from app.text import printable

from . import answer_words, users
from .control_client import KIND, MOST_LINE_OCTETS, NONCE, USUAL_TYPES

if TYPE_CHECKING:
    from .owner_door import OwnerDoor
    from .reasons import Reason

log = logging.getLogger("homedot")

_TIMEOUT_S = 5.0
_WHY_TIMEOUT_S = 11.0
"""`why` says of a name whose servers are silent that they are."""
_MOST_AT_ONCE = 32
"""Of each user that is listened to, and of all others together."""
_MOST_LINE_OCTETS = MOST_LINE_OCTETS
_MOST_TYPE = 0xFFFF
_NO_COMMAND = "that is no command"
_PAGE = "the setup page"
_NUMBER = re.compile("[0-9]{1,5}")
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of Linux


class No(ValueError):
    """What is said instead of an answer."""


@dataclass(frozen=True, slots=True)
class Control:
    """What can be asked: `state` for the counts by name, `series` for those with labels, `today` for what was asked
    today, `condition` for how this box is, `new` for a nonce in hex and `seen NONCE` for what was seen of it, `why
    NAME` for the `reason`, with `TYPE NUMBER` behind it for one type, `pause SECONDS` and `resume`. `owner` for what
    the owner has set; `change` and `undo`, each with a JSON object behind it, which says who wishes what.
    """

    state: Callable[[], Mapping[str, int]]
    nonces: NonceStore
    reason: Callable[[str, Mapping[str, int]], Awaitable["Reason"]]
    condition: Callable[[], Condition]
    owner: "OwnerDoor"
    today: Callable[[], Mapping[str, int]]
    series: Callable[[], Mapping[str, Any]] = dict

    async def obey(self, line: bytes) -> object:
        """The answer to `line`, for JSON. Raises No."""
        text = line.decode("ascii", "replace").removesuffix("\n")
        match text.split(" "):
            case ["state" | "series" | "condition" | "today" as word]:
                return self._told(word)
            case ["new"]:
                return self.nonces.issue().hex()
            case ["seen", nonce] if NONCE.fullmatch(nonce):
                return self.nonces.look(bytes.fromhex(nonce))
            case ["why", name, *asked] if name.isascii():
                return await self._why(name, _types(asked))
        return await self._obey_owner(text)

    async def _obey_owner(self, text: str) -> object:
        """What the page and root do for the owner."""
        word, _, more = text.partition(" ")
        if word in {"change", "undo"}:
            asked = _object(more)
            return await (self._changed(*_wish(asked)) if word == "change" else self._undone(asked))
        if text == "owner":
            return await _answered(self.owner.described())
        if word == "pause" and _NUMBER.fullmatch(more) and 1 <= int(more) <= MOST_S:
            return await self._changed(Wish("pause", length=f"{more}s"), _PAGE)
        if text == "resume":
            return await self._changed(Wish("resume"), _PAGE)
        raise No(_NO_COMMAND)

    def _told(self, word: str) -> Mapping[str, object]:
        if word == "condition":
            return self.condition().to_document()
        if word == "series":
            return self.series()
        return self.state() if word == "state" else self.today()

    async def _why(self, raw_name: str, types: Mapping[str, int]) -> Mapping[str, object]:
        try:
            name = domain(raw_name)
        except ValueError as error:
            raise No(str(error)) from None
        found = await self.reason(name, types)
        verdict = found.verdict
        return {
            "name": found.name,
            "blocked": verdict.blocks and not found.is_paused,
            "kind": verdict.kind,
            "rule": verdict.rule,
            "title": verdict.title,
            "leads_to": found.alias,
            "only": found.only,
            "says": str(found),
            "answers": [answer_words.document(answer) for answer in found.answers],
            "notes": found.notes,
            "types": {
                kind: {"blocked": its.blocks and not found.is_paused, **its._asdict(), "leads_to": alias}
                for kind, (its, alias) in found.by_type.items()
            },
        }

    async def _changed(self, wish: Wish, by: str) -> object:
        told = await _answered(self.owner.change(wish, by))
        log.info("%s: %s", by, "; ".join(told["says"]))
        return told

    async def _undone(self, asked: Mapping[str, object]) -> object:
        number, by = asked.get("number"), asked.get("by")
        if not isinstance(by, str) or not (number is None or type(number) is int):
            raise No(_NO_COMMAND)
        told = await _answered(self.owner.undo(number, printable(by)))
        log.info("%s: %s", printable(by), "; ".join(told["says"]))
        return told


async def _answered(asked: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    try:
        return await asked
    except ValueError as error:
        raise No(printable(str(error))) from None
    except OperatorError as error:
        raise No(printable("; ".join(error.faults))) from None


def _object(text: str) -> Mapping[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise No(_NO_COMMAND)
    return found


def _wish(asked: Mapping[str, object]) -> tuple[Wish, str]:
    """What is wished, and by whom."""
    do, by, length, label = (asked.get(name, "") for name in ("do", "by", "length", "label"))
    what = asked.get("what", [])
    if not isinstance(what, list) or not all(isinstance(each, str) for each in (do, by, length, label, *what)):
        raise No(_NO_COMMAND)
    return Wish(str(do), what, str(length), str(label)), printable(str(by))


def _types(asked: Sequence[str]) -> Mapping[str, int]:
    match asked:
        case []:
            return USUAL_TYPES
        case [kind, number] if KIND.fullmatch(kind) and _NUMBER.fullmatch(number) and 0 < int(number) <= _MOST_TYPE:
            return {kind: int(number)}
    raise No(_NO_COMMAND)


def allowed_uids() -> Iterator[int]:
    """Root, the user that we run as, and the one that the setup page runs as, if there is one."""
    yield from (0, os.geteuid())
    with suppress(KeyError):
        yield pwd.getpwnam(users.WEB).pw_uid


async def serve(bound: socket.socket, control: Control, allowed_uids: Iterable[int]) -> asyncio.Server:
    """Let the users with `allowed_uids` ask `control` on the Unix socket `bound`."""
    allowed = frozenset(allowed_uids)
    conversations: Counter[int | None] = Counter()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        uid = _uid_of(writer)
        user = uid if uid in allowed else None
        if conversations[user] >= _MOST_AT_ONCE:
            writer.transport.abort()
            return
        conversations[user] += 1
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                line = await reader.readuntil(b"\n")
            async with asyncio.timeout(_WHY_TIMEOUT_S if line.startswith(b"why ") else _TIMEOUT_S):
                writer.write(await _said(line, control, is_allowed=user is not None))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            log.debug("control: %s", error)
        finally:
            conversations[user] -= 1
            writer.close()

    return await asyncio.start_unix_server(converse, sock=bound, limit=_MOST_LINE_OCTETS, backlog=_MOST_AT_ONCE)


async def _said(line: bytes, control: Control, *, is_allowed: bool) -> bytes:
    try:
        if not is_allowed:
            raise No("only root and the user of the setup page may")
        return f"ok {json.dumps(await control.obey(line))}\n".encode()
    except No as refused:
        return f"no {refused}\n".encode()


def _uid_of(writer: asyncio.StreamWriter) -> int:
    peer = writer.get_extra_info("socket")
    return int(_CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[1])
