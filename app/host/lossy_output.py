"""Whole lines for a descriptor whose reader may have stopped: a line is lost, and counted, before anybody waits for it.

A pipe holds 64 KiB (pipe(7)), which is all the room there is: a queue of our own would only be another place to fill. A
descriptor that reports an error, like a file on a full disk, loses lines in the same way.
"""

import fcntl
import os
import select
import stat
import time
from collections.abc import Callable
from typing import final

_AT_ONCE = 4096
"""Octets: as much enters a pipe whole or not at all, so that lines of several processes never mix (PIPE_BUF)."""


@final
class LossyOutput:
    """Writes to `descriptor`, which does not block. `told` makes the line that says how many were lost.

    `patience_s` is how long it waits for room, all in all: nobody else is kept waiting while a program begins.
    """

    __slots__ = ("_descriptor", "_lost", "_patience_s", "_rest", "_told")

    def __init__(self, descriptor: int, told: Callable[[int], str], patience_s: float = 0.0) -> None:
        self._descriptor = descriptor
        self._told = told
        self._rest = b""  # of a line that went out in part
        self._lost = 0
        self._patience_s = patience_s

    def write(self, text: str) -> None:
        """Write `text`, lines that end with a line end."""
        pending, count = b"", 0
        for line in text.encode(errors="replace").splitlines(keepends=True):
            if pending and len(pending) + len(line) > _AT_ONCE:
                if not self._has_taken(pending):
                    self._lost += count
                pending, count = b"", 0
            pending += line
            count += 1
        if pending and not self._has_taken(pending):
            self._lost += count

    def tell(self) -> None:
        """Say how many lines were lost, if any were and there is room again."""
        if (self._lost or self._rest) and self._has_room(0) and self._has_sent_rest() and self._lost:
            told = self._told(self._lost).encode()
            if self._has_sent(told):
                self._lost = 0

    def _has_taken(self, lines: bytes) -> bool:
        self.tell()
        return not self._lost and not self._rest and self._has_sent(lines)

    def _has_sent_rest(self) -> bool:
        rest, self._rest = self._rest, b""
        if rest and not self._has_sent(rest):
            self._rest = rest
        return not self._rest

    def _has_sent(self, octets: bytes) -> bool:
        """Whether it is on its way: what did not fit any more is the next to go out."""
        while True:
            try:
                sent = os.write(self._descriptor, octets)
            except BlockingIOError:
                if self._patience_s <= 0:
                    return False
                self._wait()
            except OSError:
                return False
            else:
                self._rest = octets[sent:]
                return True

    def _wait(self) -> None:
        begun_s = time.monotonic()
        self._has_room(self._patience_s)
        self._patience_s -= time.monotonic() - begun_s

    def _has_room(self, within_s: float) -> bool:
        """Whether a whole page is free, and not just some octets for a short line."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(within_s * 1000))


def reopen_unblocked(descriptor: int) -> None:
    """Have an output of our own in place of `descriptor` that does not block, and that appends where it is a file.

    The one that we were given may be that of somebody's terminal, and stays as it is. Raises OSError if the output
    cannot be opened: it is a socket, or another user's.
    """
    own = os.open(f"/dev/fd/{descriptor}", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)
    os.dup2(own, descriptor)
    os.close(own)


def unblock_pipe(descriptor: int) -> None:
    """Never wait for the reader of `descriptor`, if that is a pipe. Everybody who shares the writing end is affected,
    so a terminal, which belongs to somebody's shell too, is left as it is."""
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_NONBLOCK)
