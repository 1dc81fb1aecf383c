"""The front door's processes: forked, watched, and started anew one at a time.

With more than one, the first process serves nobody: it keeps what they share, so that a worker that ends costs no more
than what was in flight with it. Who comes meanwhile waits in its sockets for the next one.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from time import monotonic

log = logging.getLogger("homedot")

_ENDINGS = (signal.SIGTERM, signal.SIGINT)
_SIGNALS = {*_ENDINGS, signal.SIGHUP, signal.SIGCHLD}
_LONG_S = 10.0
"""Who served so long and ends is started at once."""
_FIRST_PAUSE_S, _MOST_PAUSE_S = 0.25, 4.0


class Worker:
    """One of them, by its `number`. `lifeline` is at its end when the first process is gone, however it went."""

    def __init__(self, number: int = 0, lifeline: int | None = None) -> None:
        self.number = number
        self._lifeline = lifeline

    def watch(self, hang_up: Callable[[], None]) -> asyncio.Event:
        """From now on listen to signals, in the running loop. Returns what is set when it is time to stop.

        `hang_up` is called at SIGHUP.
        """
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        for number in _ENDINGS:
            loop.add_signal_handler(number, stopping.set)
        loop.add_signal_handler(signal.SIGHUP, hang_up)
        if self._lifeline is not None:
            loop.add_reader(self._lifeline, stopping.set)
        return stopping


class Crew:
    """`count` workers. `lost` is told the number of one that ended by itself, before it is started anew; `rests` that
    it is not at once, because it ends again and again; `stopping` is called when all are to end."""

    def __init__(
        self, count: int, *, lost: Callable[[int], None], rests: Callable[[int], None], stopping: Callable[[], None]
    ) -> None:
        self._lost = lost
        self._rests = rests
        self._stopping = stopping
        self._is_stopping = False
        self._count = count
        self._living: dict[int, int] = {}
        self._due_s: dict[int, float] = dict.fromkeys(range(count), 0.0)
        self._began_s: dict[int, float] = {}
        self._quick_ends = dict.fromkeys(range(count), 0)

    def begin(self) -> Worker:
        """Returns in each worker; the first process stays in here, and leaves with SystemExit after the last of them.

        A worker that ends well ends all: it saw that all must begin anew. No loop may run yet.
        """
        if self._count == 1:
            return Worker()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        lifeline, held = os.pipe()
        while self._living or self._due_s:
            for number in [number for number, due_s in self._due_s.items() if due_s <= monotonic()]:
                del self._due_s[number]
                child = os.fork()
                if child == 0:
                    os.close(held)
                    signal.pthread_sigmask(signal.SIG_SETMASK, before)
                    return Worker(number, lifeline)
                self._living[child], self._began_s[number] = number, monotonic()
            self._wait()
        sys.exit(0)

    def _wait(self) -> None:
        """Until a signal comes, or a worker is due."""
        pause_s = max(min(self._due_s.values(), default=3600.0) - monotonic(), 0.0)
        told = signal.sigtimedwait(_SIGNALS, pause_s)
        if told is None:
            return
        if told.si_signo in _ENDINGS:
            self._end()
        elif told.si_signo == signal.SIGHUP:
            self._send(signal.SIGHUP)
        else:
            self._take_in()

    def _take_in(self) -> None:
        """Those that have ended."""
        for child, number in list(self._living.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            if not ended:
                continue
            del self._living[child]
            if self._is_stopping:
                continue
            code = os.waitstatus_to_exitcode(status)
            if code == 0:
                self._end()
            else:
                self._plan(number, child, code)

    def _plan(self, number: int, child: int, code: int) -> None:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        log.error("worker %d %s; starting it anew", child, how)
        self._lost(number)
        is_quick = monotonic() - self._began_s[number] < _LONG_S
        self._quick_ends[number] = self._quick_ends[number] + 1 if is_quick else 0
        pause_s = min(_FIRST_PAUSE_S * 2 ** (self._quick_ends[number] - 1), _MOST_PAUSE_S) if is_quick else 0.0
        if self._quick_ends[number] > 1:
            self._rests(number)
        self._due_s[number] = monotonic() + pause_s

    def _end(self) -> None:
        self._is_stopping = True
        self._due_s.clear()
        self._stopping()
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        for child in self._living:
            os.kill(child, number)
