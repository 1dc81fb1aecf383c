"""Which sockets are ready: the selector of the event loop, which calls the front door's sockets itself.

For a client that asks one question at a time, the loop's way from a ready socket to its reader costs more than the
answer. Here it is one look-up between the kernel's list and the reader. Whatever else the loop waits for (signals,
upstream, timers) goes its usual way.
"""

import asyncio
import logging
import math
import select
from collections.abc import Callable, Iterator, Mapping
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector, SelectorKey
from typing import Any

log = logging.getLogger(__name__)

READABLE, WRITABLE = select.EPOLLIN | select.EPOLLRDHUP, select.EPOLLOUT
BROKEN = select.EPOLLERR | select.EPOLLHUP
"""The kernel says so unasked: neither reading nor writing is of use any more."""

_PER_TURN = 256

Ready = Callable[[int], None]


class Poller(BaseSelector):
    """`add`, `watch` and `remove` are for the front door's sockets, the rest is what an event loop asks of a selector.

    Their `Ready` gets the kernel's events: READABLE, WRITABLE or BROKEN.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._ready: dict[int, Ready] = {}
        self._gone: set[int] = set()
        self._keys: dict[int, SelectorKey] = {}

    def add(self, descriptor: int, ready: Ready) -> None:
        """Watch `descriptor` for reading, until `remove`."""
        self._ready[descriptor] = ready
        self._epoll.register(descriptor, READABLE)

    def watch(self, descriptor: int, *, reading: bool, writing: bool) -> None:
        """Watch for this and no longer for that."""
        self._epoll.modify(descriptor, (READABLE if reading else 0) | (WRITABLE if writing else 0))

    def remove(self, descriptor: int) -> None:
        """To be called right before the descriptor is closed, by which the kernel forgets it."""
        del self._ready[descriptor]
        self._gone.add(descriptor)

    # --- what an event loop asks --------------------------------------------------------------------------------

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        wait_s = -1.0 if timeout is None else math.ceil(max(timeout, 0) * 1e3) * 1e-3
        ready, gone = self._ready, self._gone
        gone.clear()
        found = []
        for descriptor, events in self._epoll.poll(wait_s, _PER_TURN):
            if descriptor in gone:
                continue  # what the kernel says is about the one before, even if a newcomer has the number already
            callback = ready.get(descriptor)
            if callback is not None:
                try:
                    callback(events)
                except Exception:
                    log.exception("a fault of Homedot's own; the other connections go on")
            elif (key := self._keys.get(descriptor)) is not None:
                mask = (EVENT_READ if events & ~WRITABLE else 0) | (EVENT_WRITE if events & ~select.EPOLLIN else 0)
                found.append((key, mask & key.events))
        return found

    def register(self, fileobj: Any, events: int, data: Any = None) -> SelectorKey:
        descriptor = _descriptor(fileobj)
        self._epoll.register(descriptor, _mask(events))
        key = self._keys[descriptor] = SelectorKey(fileobj, descriptor, events, data)
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> SelectorKey:
        descriptor = self.get_key(fileobj).fd
        self._epoll.modify(descriptor, _mask(events))
        key = self._keys[descriptor] = SelectorKey(fileobj, descriptor, events, data)
        return key

    def unregister(self, fileobj: Any) -> SelectorKey:
        key = self.get_key(fileobj)
        del self._keys[key.fd]
        try:
            self._epoll.unregister(key.fd)
        except OSError as error:
            log.debug("closed before it was unregistered: %s", error)
        return key

    def get_map(self) -> Mapping[Any, SelectorKey]:
        """Gives `get_key` its answers, and from Python 3.13 on the loop looks here itself, also for file objects."""
        return _ByFile(self._keys)

    def close(self) -> None:
        self._epoll.close()


class _ByFile(Mapping[Any, SelectorKey]):
    """The keys, found by descriptor as well as by the object that was registered."""

    def __init__(self, keys: Mapping[int, SelectorKey]) -> None:
        self._keys = keys

    def __getitem__(self, fileobj: Any) -> SelectorKey:
        return self._keys[_descriptor(fileobj)]

    def __iter__(self) -> Iterator[int]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class Loop(asyncio.SelectorEventLoop):
    """An event loop with a `poller` for the front door: `asyncio.Runner(loop_factory=Loop)`."""

    def __init__(self) -> None:
        self.poller = Poller()
        super().__init__(self.poller)


def running_poller() -> Poller:
    """That of the running loop. Raises RuntimeError if that is not a `Loop`."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, Loop):
        raise RuntimeError("the front door needs the event loop app.dot.poller.Loop")
    return loop.poller


def _descriptor(fileobj: Any) -> int:
    return fileobj if isinstance(fileobj, int) else int(fileobj.fileno())


def _mask(events: int) -> int:
    return (select.EPOLLIN if events & EVENT_READ else 0) | (WRITABLE if events & EVENT_WRITE else 0)
