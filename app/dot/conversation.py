"""What a connection does with whole messages: answer what is known, ask for the rest, send answers in portions."""

import asyncio
import logging
from abc import ABC, abstractmethod
from time import monotonic

from .contract import Door, How
from .counters import Count
from .framing import prefix

log = logging.getLogger(__name__)

_NOT_CACHED = int(Count.QUERIES_NOT_CACHED)


class Conversation(ABC):
    """The half of a connection that knows no TLS and no deadline; `Connection` says how octets leave.

    A base class and not a part, because parts that know each other keep TLS's memory until the collector comes by.
    """

    __slots__ = ("_busy", "_door", "_out", "_waiting", "client", "counted", "last_active_s", "queries", "unfinished")

    def __init__(self, door: Door, client: str) -> None:
        self._door = door
        self.client = client
        self._waiting: list[bytes] = []  # whole messages that must wait for earlier ones
        self._out: list[bytes] = []  # answers and their lengths, to leave in one write
        self._busy = False  # answers made now are sent at the end of this turn anyway
        self.last_active_s = monotonic()
        self.queries = self.counted = 0
        self.unfinished = 0

    @property
    @abstractmethod
    def unsent_bytes(self) -> int: ...

    @property
    @abstractmethod
    def _ended(self) -> bool: ...

    @abstractmethod
    def how(self) -> How:
        """How the questions of this client come."""

    @abstractmethod
    def here(self) -> str:
        """The address of ours to which they come."""

    @abstractmethod
    def _write(self, data: bytes) -> None: ...

    @abstractmethod
    def _settle(self) -> None:
        """After each change: what must happen now that did not have to before?"""

    @abstractmethod
    def _abandon(self) -> None:
        """End the connection at once: nobody knows what state it is in."""

    @property
    def _all_answered(self) -> bool:
        """True if everything that was asked is answered."""
        return not (self.unfinished or self._out or self._waiting)

    @property
    def _must_wait(self) -> bool:
        """True if no further message can be worked on now."""
        return bool(self._waiting) or self.unfinished >= self._door.limits.queries_per_connection

    def _take(self, messages: list[bytes]) -> None:
        self.queries += len(messages)
        self.last_active_s = monotonic()
        # A phone's most frequent case, one question whose answer is known, goes the shortest way.
        if len(messages) == 1 and not self._out and (answer := self._door.answerer.lookup(messages[0])) is not None:
            self._write(len(answer).to_bytes(2, "big") + answer)
        else:
            self._work(messages)

    def _go_on(self) -> None:
        """Work on what waits, if that is possible now."""
        limits = self._door.limits
        if (
            self._waiting
            and self.unfinished < limits.queries_per_connection
            and self.unsent_bytes <= limits.portion_bytes
        ):
            waiting, self._waiting = self._waiting, []
            self._work(waiting)

    def _work(self, messages: list[bytes]) -> None:
        """Answer `messages` in turn, as far as the limits on unfinished and on unread answers allow."""
        door = self._door
        self._busy = True
        lookup = door.answerer.lookup
        limits, out, out_bytes = door.limits, self._out, 0
        most_unfinished, portion_bytes = limits.queries_per_connection, limits.portion_bytes
        unsent_bytes = self.unsent_bytes
        for index, message in enumerate(messages):
            if self.unfinished >= most_unfinished or unsent_bytes > portion_bytes or index == limits.queries_per_turn:
                self._waiting = messages[index:]
                break
            answer = lookup(message)
            if answer is None:
                self.unfinished += 1
                door.count[_NOT_CACHED] += 1
                door.answerer.resolve(message, self, door.idle_timeout_s(), self._reply)
                continue
            out.append(prefix(answer))
            out.append(answer)
            out_bytes += len(answer)
            if out_bytes > portion_bytes:
                self._send()
                out_bytes, unsent_bytes = 0, self.unsent_bytes
        self._busy = False
        self._send()
        if self._waiting and self.unfinished < most_unfinished and not self.unsent_bytes:
            self._schedule()  # nobody else would wake us for the rest

    def _reply(self, answer: bytes | None) -> None:
        self.unfinished -= 1
        if self._ended:
            return
        if answer is not None:
            self._out += (prefix(answer), answer)
        if not self._busy:
            self._schedule()

    def _schedule(self) -> None:
        """Answers that come in the same turn of the loop leave in one write."""
        self._busy = True
        asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._busy = False
        try:
            self._send()
            self._settle()
        except Exception:
            log.exception("a fault of Homedot's own costs one connection")
            self._abandon()

    def _send(self) -> None:
        if self._out:
            data = b"".join(self._out)
            self._out.clear()
            self._write(data)
