"""The front door's processes: forked, watched, ended together.

The first one watches the others: when one ends, all end, and the supervisor starts anew.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable

log = logging.getLogger("homedot")


class Workers:
    """`count` of them from here on: this process, which is `number` 0, and its children. No loop may run yet."""

    def __init__(self, count: int) -> None:
        self.number = 0
        self._children: list[int] = []
        self._lost: list[int] = []
        self._stopping = asyncio.Event()
        # The children hold the reading end, and see the end of the file when the first is gone, however it went.
        self._lifeline, held = os.pipe()
        for number in range(1, count):
            child = os.fork()
            if child == 0:
                self.number, self._children = number, []
                os.close(held)
                break
            self._children.append(child)

    def watch(self, hang_up: Callable[[], None]) -> asyncio.Event:
        """From now on listen to signals, in the running loop. Returns what is set when it is time to stop.

        `hang_up` is called at SIGHUP, which the others get too.
        """
        loop, stop = asyncio.get_running_loop(), self._stopping.set
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up, hang_up)
        loop.add_signal_handler(signal.SIGCHLD, self._look_at_children)
        if self.number:
            loop.add_reader(self._lifeline, stop)
        self._look_at_children()  # one may have ended before there was a handler
        return self._stopping

    def end(self) -> None:
        """Let the others end as well."""
        for child in self._living:
            os.kill(child, signal.SIGTERM)

    @property
    def exit_code(self) -> int:
        return 1 if self._lost else 0

    @property
    def _living(self) -> list[int]:
        return [child for child in self._children if child not in self._lost]

    def _hang_up(self, hang_up: Callable[[], None]) -> None:
        hang_up()
        for child in self._living:
            os.kill(child, signal.SIGHUP)

    def _look_at_children(self) -> None:
        for child in self._living:
            if os.waitpid(child, os.WNOHANG)[0]:
                self._lost.append(child)
                if not self._stopping.is_set():
                    log.error("worker %d ended; restarting all workers", child)
                self._stopping.set()
