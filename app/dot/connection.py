"""One client's connection: ciphertext in, answers out, and the deadline that applies at each moment."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Hashable
from math import inf
from time import monotonic
from typing import Protocol

from app.errors import PeerError

from .admission import Limits
from .framing import prefix, split
from .tls import Session

log = logging.getLogger(__name__)

_WRITE_BYTES = 65536
"""Answers are written out in portions of about this size, so that a client that does not read is noticed early."""

Reply = Callable[[bytes | None], None]


class Answerer(Protocol):
    """Where answers come from. Messages are whole, without their length."""

    def lookup(self, message: bytes) -> bytes | None:
        """The answer if it is known this instant."""

    def resolve(self, message: bytes, idle_timeout_s: float, reply: Reply) -> None:
        """Call `reply` exactly once, now or later, with the answer or with None if the message deserves none."""


class House(Protocol):
    """What a connection needs from the server it belongs to."""

    limits: Limits
    context: ssl.SSLContext
    answerer: Answerer
    buffer: memoryview

    def idle_timeout_s(self) -> float: ...
    def opened(self, connection: "Connection") -> bool: ...
    def closed(self, connection: "Connection") -> None: ...


class Connection(asyncio.BufferedProtocol):
    """asyncio calls the first methods; the server calls `expire`, `close` and `close_when_idle`."""

    __slots__ = (
        "_admitted", "_closing", "_house", "_out", "_session", "_started_s", "_stream", "_transport", "_waiting",
        "_why", "_write_paused", "client", "deadline_s", "last_active_s", "queries", "unfinished",
    )  # fmt: skip

    def __init__(self, house: House) -> None:
        self._house = house
        self._session = Session(house.context)
        self._stream = b""  # the start of a message whose end has not come
        self._waiting: list[bytes] = []  # whole messages that must wait for earlier ones
        self._out: list[bytes] = []  # answers and their lengths, to leave in one write
        self._write_paused = False
        self._admitted = False
        self._closing = False
        self._why = "the client left"
        self._started_s = self.last_active_s = monotonic()
        self.deadline_s = self._started_s + house.limits.handshake_timeout_s
        self.client: Hashable = None
        self.queries = 0
        self.unfinished = 0

    @property
    def idle(self) -> bool:
        """True if closing now would cut nothing off."""
        return not (self.unfinished or self._out or self._waiting or self._closing)

    # --- what asyncio calls -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream
        self._transport = transport
        self.client = transport.get_extra_info("peername")[0]
        self._admitted = self._house.opened(self)
        if not self._admitted:
            self._closing = True
            self._why = "no room"
            transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None and not self._closing:
            self._why = "reset by the client"
        self._closing = True
        if self._admitted:
            self._house.closed(self)
        log.debug(
            "%s closed after %.1f s, %d queries, %s: %s",
            self.client, monotonic() - self._started_s, self.queries, self._session.describe(), self._why,
        )  # fmt: skip

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        # One buffer serves all connections: it is emptied before the loop turns to the next one.
        return self._house.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._closing:
            return
        try:
            plaintext = self._session.receive(self._house.buffer[:nbytes])
            if plaintext:
                self._take(plaintext)
        except PeerError as error:
            self.close(str(error), orderly=False)
            return
        if output := self._session.take_output():
            self._transport.write(output)
        if self._session.peer_closed:
            self.close_when_idle("the client closed")

    def eof_received(self) -> bool:
        # A client that half-closed still reads: what it asked before is answered.
        self.close_when_idle("the client closed")
        return not self._transport.is_closing()

    def pause_writing(self) -> None:
        self._write_paused = True
        self.deadline_s = monotonic() + self._house.limits.write_timeout_s

    def resume_writing(self) -> None:
        self._write_paused = False
        self._settle()

    # --- answering ----------------------------------------------------------------------------------------------

    def _take(self, plaintext: bytes) -> None:
        had_part = bool(self._stream)
        messages, self._stream = split(self._stream + plaintext if had_part else plaintext)
        if messages:
            self.queries += len(messages)
            self.last_active_s = monotonic()
            self._work(messages)
        if messages or not had_part:  # the deadline of a message runs from its first octet
            self._settle()

    def _work(self, messages: list[bytes]) -> None:
        """Answer `messages` in turn, as far as the limits on unfinished and on unread answers allow."""
        answerer = self._house.answerer
        lookup = answerer.lookup
        most_unfinished = self._house.limits.queries_per_connection
        out = self._out
        out_bytes = 0
        for index, message in enumerate(messages):
            if self.unfinished >= most_unfinished or self._write_paused:
                self._waiting = messages[index:]
                break
            answer = lookup(message)
            if answer is None:
                self.unfinished += 1
                answerer.resolve(message, self._house.idle_timeout_s(), self._reply)
                continue
            out.append(prefix(answer))
            out.append(answer)
            out_bytes += len(answer)
            if out_bytes > _WRITE_BYTES:
                self._send()
                out_bytes = 0
        self._send()

    def _reply(self, answer: bytes | None) -> None:
        self.unfinished -= 1
        if self._transport.is_closing():
            return
        if not self._out:
            # Answers that come in the same turn of the loop leave in one write.
            asyncio.get_running_loop().call_soon(self._turn)
        if answer is not None:
            self._out += (prefix(answer), answer)

    def _turn(self) -> None:
        self._send()
        if not self._transport.is_closing():
            self._settle()

    def _send(self) -> None:
        if not self._out:
            return
        data = b"".join(self._out)
        self._out.clear()
        if self._transport.is_closing():
            return
        try:
            self._transport.write(self._session.send(data))
        except PeerError as error:
            self.close(str(error), orderly=False)

    def _settle(self) -> None:
        """After each change: go on with what waits, set the deadline that applies, read or do not."""
        limits = self._house.limits
        if self._waiting and not self._write_paused and self.unfinished < limits.queries_per_connection:
            waiting, self._waiting = self._waiting, []
            self._work(waiting)
        if self._closing:
            self.close_when_idle(self._why)
        elif self._write_paused or self._waiting or self.unfinished >= limits.queries_per_connection:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
        if self._write_paused or self._transport.is_closing():
            return
        if self._stream:
            self.deadline_s = monotonic() + limits.message_timeout_s
        elif self.unfinished or self._waiting:
            self.deadline_s = inf  # upstream has its own deadline
        else:
            self.deadline_s = self.last_active_s + self._house.idle_timeout_s()

    # --- ending -------------------------------------------------------------------------------------------------

    def expire(self) -> None:
        """The deadline has passed: end the connection, and say which deadline it was."""
        if self._transport.is_closing():
            self._transport.abort()
        elif self._write_paused:
            self.close("does not read its answers", orderly=False)
        elif not self._session.established:
            self.close("the handshake took too long", orderly=False)
        else:
            self.close("a message took too long" if self._stream else "idle")

    def close_when_idle(self, why: str) -> None:
        """Take no more queries; close once what was asked is answered."""
        self._closing = True
        self._why = why
        if not (self.unfinished or self._out or self._waiting):
            self.close(why)

    def close(self, why: str, orderly: bool = True) -> None:
        """End the connection: with close_notify if `orderly`, in any case with the alert that is due."""
        self._closing = True
        self._why = why
        if self._transport.is_closing():
            return
        output = self._session.close() if orderly else self._session.take_output()
        if self._write_paused:
            self._transport.abort()
            return
        if output:
            self._transport.write(output)
        self._transport.close()
        self.deadline_s = monotonic() + self._house.limits.write_timeout_s
