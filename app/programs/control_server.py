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
from typing import TYPE_CHECKING

from app.answer.pause import MOST_S, Pause
from app.config.values import domain
from app.dot.nonce_store import NonceStore

from . import answer_words, users
from .control_client import KIND, NONCE, USUAL_TYPES

if TYPE_CHECKING:
    from .reasons import Reason

log = logging.getLogger("homedot")

LOOK_S = 1.0
"""How often a worker looks whether a pause has begun or ended."""

_TIMEOUT_S = 5.0
_WHY_TIMEOUT_S = 11.0
"""`why` says of a name whose servers are silent that they are."""
_MOST_AT_ONCE = 32
"""Of each user that is listened to, and of all others together."""
_MOST_LINE_OCTETS = 300
_MOST_TYPE = 0xFFFF
_NO_COMMAND = "that is no command"
_NUMBER = re.compile("[0-9]{1,5}")
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of Linux


class No(ValueError):
    """What is said instead of an answer."""


@dataclass(frozen=True, slots=True)
class Control:
    """What can be asked: `state` for the counts by name, `new` for a nonce in hex and `seen NONCE` for what was seen of
    it, `why NAME` for the `reason`, with `TYPE NUMBER` behind it for one type, `pause SECONDS` and `resume`.
    """

    state: Callable[[], Mapping[str, int]]
    nonces: NonceStore
    reason: Callable[[str, Mapping[str, int]], Awaitable["Reason"]]
    pause: Pause

    async def obey(self, line: bytes) -> object:
        """The answer to `line`, for JSON. Raises No."""
        match line.decode("ascii", "replace").removesuffix("\n").split(" "):
            case ["state"]:
                return self.state()
            case ["new"]:
                return self.nonces.issue().hex()
            case ["seen", nonce] if NONCE.fullmatch(nonce):
                return self.nonces.look(bytes.fromhex(nonce))
            case ["why", name, *asked] if name.isascii():
                return await self._why(name, _types(asked))
            case ["pause", number] if _NUMBER.fullmatch(number) and 1 <= int(number) <= MOST_S:
                return await self._begin_pause(int(number))
            case ["resume"]:
                return await self._end_pause()
        raise No(_NO_COMMAND)

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
        }

    async def _begin_pause(self, seconds: int) -> str:
        self.pause.begin(seconds)
        log.info("blocking is paused for %d s", seconds)
        await asyncio.sleep(LOOK_S)  # what is told is true then: every worker has looked
        return f"blocking is paused for {seconds} s; `homedot resume` ends it"

    async def _end_pause(self) -> str:
        self.pause.end()
        log.info("blocking is resumed")
        await asyncio.sleep(LOOK_S)
        return "blocking is in force"


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
