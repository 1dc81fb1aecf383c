"""`homedot pause` and `homedot resume`, and the socket on which the front door hears them.

One line in, one line out. Any user of the box may connect; the kernel says who it is, and only those who are named may
change something.
"""

import asyncio
import logging
import os
import pwd
import re
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress

from app.answer.pause import MOST_S, Pause
from app.errors import OperatorError
from app.settings import Settings

from . import places

log = logging.getLogger("homedot")

LOOK_S = 1.0
"""How often a worker looks whether a pause has begun or ended."""

WEB_USER = "homedot-web"

_TIMEOUT_S = 5.0
_MOST_LINE_OCTETS = 64
_UNITS_S = {"s": 1, "m": 60, "h": 3600}
_COMMAND = re.compile(rb"pause (\d{1,5})\n|(resume)\n")
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
    print(_tell(settings, f"pause {seconds}"))


def resume(settings: Settings) -> None:
    """End a pause before its time."""
    print(_tell(settings, "resume"))


def _tell(settings: Settings, line: str) -> str:
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
        yield pwd.getpwnam(WEB_USER).pw_uid


async def serve(bound: socket.socket, pause: Pause, allowed_uids: Iterable[int]) -> asyncio.Server:
    """Obey the users with `allowed_uids` on the Unix socket `bound`."""
    allowed = frozenset(allowed_uids)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                uid = _uid_of(writer)
                line = await reader.readuntil(b"\n")
                said = await _obey(line, pause) if uid in allowed else "no only root and the user of the setup page may"
                writer.write(said.encode() + b"\n")
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            log.debug("control: %s", error)
        finally:
            writer.close()

    return await asyncio.start_unix_server(converse, sock=bound, limit=_MOST_LINE_OCTETS)


async def _obey(line: bytes, pause: Pause) -> str:
    command = _COMMAND.fullmatch(line)
    if command is None or (command[1] and not 1 <= int(command[1]) <= MOST_S):
        return "no that is no command"
    if command[1]:
        pause.begin(int(command[1]))
        log.info("blocking is paused for %d s", int(command[1]))
        told = f"blocking is paused for {int(command[1])} s; `homedot resume` ends it"
    else:
        pause.end()
        log.info("blocking is resumed")
        told = "blocking is in force"
    await asyncio.sleep(LOOK_S)  # what is told is true then: every worker has looked
    return f"ok {told}"


def _uid_of(writer: asyncio.StreamWriter) -> int:
    peer = writer.get_extra_info("socket")
    return int(_CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[1])
