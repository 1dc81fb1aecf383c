"""Which client sockets are ready: one epoll of our own inside the event loop's.

For a client that asks one question at a time, the loop's way from a ready socket to its reader costs more than the
answer. Here it is one look-up: the loop sees a single descriptor, and this goes round the sockets behind it.
"""

import asyncio
import select
from collections.abc import Callable

_PER_TURN = 256
_READ, _WRITE = select.EPOLLIN | select.EPOLLRDHUP, select.EPOLLOUT
_BROKEN = select.EPOLLERR | select.EPOLLHUP

Ready = Callable[[bool, bool], None]


class Poller:
    """Calls back who is ready, with (readable, writable); a broken socket is both."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._ready: dict[int, Ready] = {}
        loop.add_reader(self._epoll, self._go_round)

    def close(self) -> None:
        self._loop.remove_reader(self._epoll)
        self._epoll.close()

    def add(self, descriptor: int, ready: Ready) -> None:
        """Watch `descriptor` for reading, until `remove`."""
        self._ready[descriptor] = ready
        self._epoll.register(descriptor, _READ)

    def watch(self, descriptor: int, reading: bool, writing: bool) -> None:
        """Watch for this and no longer for that."""
        self._epoll.modify(descriptor, (_READ if reading else 0) | (_WRITE if writing else 0))

    def remove(self, descriptor: int) -> None:
        """To be called before the descriptor is closed."""
        del self._ready[descriptor]
        self._epoll.unregister(descriptor)

    def _go_round(self) -> None:
        ready = self._ready
        for descriptor, events in self._epoll.poll(0, _PER_TURN):
            callback = ready.get(descriptor)
            if callback is not None:  # not closed by somebody who was ready before it in this round
                broken = events & _BROKEN
                callback(bool(events & _READ or broken), bool(events & _WRITE or broken))
