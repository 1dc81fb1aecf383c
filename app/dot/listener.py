"""Accepting: who may come in at all, and what to do when the machine has no more file descriptors."""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable
from time import monotonic
from typing import final

from .poller import Poller
from .rate_limited_log import RateLimitedLog

log = logging.getLogger(__name__)

Accepted = Callable[[socket.socket, tuple[str, int]], None]

_BACKLOG = 512
_REST_S = 0.5
STREAM_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_SNDBUF, 128 * 1024),
)
"""For a bound socket; every accepted one inherits them. An answer is never held back for more (Nagle); and a client
that does not read is noticed before megabytes lie in the kernel."""
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


@final
class Listener:
    """Accepts on `listening` and hands each socket, non-blocking, with its peer's address and port to `accepted`.

    Where descriptors run out, the reserve is given up to close the newcomer at once instead of leaving it hanging, and
    accepting rests for `rest_s`; `failed` is called each time.
    """

    def __init__(
        self,
        listening: socket.socket,
        accepted: Accepted,
        failed: Callable[[], None],
        poller: Poller,
        *,
        rest_s: float = _REST_S,
    ) -> None:
        self._socket = listening
        self._accepted = accepted
        self._failed = failed
        self._poller = poller
        self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._rest_s = rest_s
        self._rest: asyncio.TimerHandle | None = None
        self._warn = RateLimitedLog(log.warning, monotonic)
        listening.listen(_BACKLOG)
        poller.add(listening.fileno(), self._acceptable)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        self._poller.remove(self._socket.fileno())
        self._socket.close()
        os.close(self._reserve)

    def _acceptable(self, _: int) -> None:
        # One in each round: asking for another that is not there costs more than the next round does.
        try:
            connected, address = self._socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            self._fail(error)
            return
        connected.setblocking(False)
        self._accepted(connected, address[:2])

    def _fail(self, error: OSError) -> None:
        self._failed()
        self._warn(f"cannot accept: {error.strerror}; resting for {self._rest_s:.1f} s")
        if error.errno in _EXHAUSTED:
            self._turn_one_away()
        self._poller.watch(self._socket.fileno(), reading=False, writing=False)
        self._rest = asyncio.get_running_loop().call_later(self._rest_s, self._go_on)

    def _go_on(self) -> None:
        self._poller.watch(self._socket.fileno(), reading=True, writing=False)

    def _turn_one_away(self) -> None:
        os.close(self._reserve)
        try:
            self._socket.accept()[0].close()
        except OSError as error:
            log.debug("cannot even turn one away: %s", error)
        self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
