"""`homedot pause` and `homedot resume`, and the socket on which the front door hears them and the setup page.

One line in, one line out. Any user of the box may connect; the kernel says who it is, and only those who are named are
listened to.
"""

import asyncio
import json
import logging
import os
import pwd
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from app.answer.pause import MOST_S, Pause
from app.errors import OperatorError
from app.settings import Settings
from app.values import domain

from . import places, users

if TYPE_CHECKING:
    from .why import Reason

log = logging.getLogger("homedot")

LOOK_S = 1.0
"""How often a worker looks whether a pause has begun or ended."""

_TIMEOUT_S = 5.0
_MOST_LINE_OCTETS = 300
_UNITS_S = {"s": 1, "m": 60, "h": 3600}
_COMMAND = re.compile(rb"(?:pause (?P<seconds>[0-9]{1,5})|why (?P<name>[!-~]{1,254})|resume)\n")
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of Linux


def duration_s(text: str) -> int:
    """`10m`, `90s`, `2h`, `30` (minutes) -> seconds. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,5})([smh]?)", text)
    seconds = int(found[1]) * _UNITS_S[found[2] or "m"] if found else 0
    if not 1 <= seconds <= MOST_S:
        raise ValueError("must be a time up to 24h, like 10m, 90s or 2h")
    return seconds


def pause(settings: Settings, seconds: int) -> None:
    """Let the running Homedot block nothing for `seconds`."""
    print(tell(settings, f"pause {seconds}"))


def resume(settings: Settings) -> None:
    """End a pause before its time."""
    print(tell(settings, "resume"))


def tell(settings: Settings, line: str) -> str:
    """Say `line` to the front door. Returns what it says, or raises OperatorError if that is no or nothing."""
    path = places.control_socket(settings)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_TIMEOUT_S)
            connection.connect(str(path))
            connection.sendall(line.encode() + b"\n")
            said = connection.makefile(encoding="utf-8").readline()
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror or error}: is Homedot running?") from error
    word, _, text = said.strip().partition(" ")
    if word != "ok":
        raise OperatorError(text or f"{path}: the front door does not answer; see its log")
    return text


def allowed_uids() -> Iterator[int]:
    """Root, the user that we run as, and the one that the setup page runs as, if there is one."""
    yield from (0, os.geteuid())
    with suppress(KeyError):
        yield pwd.getpwnam(users.WEB).pw_uid


async def serve(
    bound: socket.socket, pause: Pause, reason: Callable[[str], Awaitable["Reason"]], allowed_uids: Iterable[int]
) -> asyncio.Server:
    """Obey the users with `allowed_uids` on the Unix socket `bound`. `reason` says what becomes of a name."""
    allowed = frozenset(allowed_uids)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                uid = _uid_of(writer)
                line = await reader.readuntil(b"\n")
                said = "no only root and the user of the setup page may"
                if uid in allowed:
                    said = await _obey(line, pause, reason)
                writer.write(said.encode() + b"\n")
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            log.debug("control: %s", error)
        finally:
            writer.close()

    return await asyncio.start_unix_server(converse, sock=bound, limit=_MOST_LINE_OCTETS)


async def _obey(line: bytes, pause: Pause, reason: Callable[[str], Awaitable["Reason"]]) -> str:
    command = _COMMAND.fullmatch(line)
    if command is None:
        return "no that is no command"
    if command["name"]:
        return await _explain(command["name"].decode("ascii"), reason)
    if command["seconds"]:
        seconds = int(command["seconds"])
        if not 1 <= seconds <= MOST_S:
            return "no that is no command"
        pause.begin(seconds)
        log.info("blocking is paused for %d s", seconds)
        told = f"blocking is paused for {seconds} s; `homedot resume` ends it"
    else:
        pause.end()
        log.info("blocking is resumed")
        told = "blocking is in force"
    await asyncio.sleep(LOOK_S)  # what is told is true then: every worker has looked
    return f"ok {told}"


async def _explain(raw_name: str, reason: Callable[[str], Awaitable["Reason"]]) -> str:
    try:
        found = await reason(domain(raw_name))
    except ValueError as error:
        return f"no {error}"
    told = {"kind": found.verdict.kind, "rule": found.verdict.rule, "says": str(found), "notes": found.notes}
    return f"ok {json.dumps(told)}"


def _uid_of(writer: asyncio.StreamWriter) -> int:
    peer = writer.get_extra_info("socket")
    return int(_CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[1])
