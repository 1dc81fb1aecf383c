"""One client's connection: ciphertext in, answers out, and the deadline that applies at each moment."""

import asyncio
from math import inf
from time import monotonic

from app.errors import PeerError

from .contract import House, Session
from .counters import Count
from .framing import prefix, split
from .stream import Stream

_QUERIES, _NOT_CACHED = int(Count.QUERIES), int(Count.QUERIES_NOT_CACHED)
_PER_TURN = 512  # messages of one client before the others have their turn
_MOST_UNSENT_BYTES = 512 * 1024
"""Answers to its unfinished queries come whether a client reads or not; one that has left so much unread is ended."""

_WRITE_BYTES = 65536
"""Answers leave in portions of about this size, and no more are made while as much is unsent: a client that does not
read costs this and what its unfinished queries bring, and is noticed early."""


class Connection:
    """Its stream calls the first methods; the server calls `start`, `expire`, `close` and `close_when_idle`."""

    __slots__ = (
        "_busy", "_closing", "_house", "_out", "_stream", "_tail", "_tail_since_s", "_waiting", "_why",
        "client", "deadline_s", "established", "last_active_s", "port", "queries", "session", "started_s", "unfinished",
    )  # fmt: skip

    def __init__(self, house: House, session: Session, client: str, port: int) -> None:
        self._house = house
        self.session = session
        self._stream: Stream
        self._tail = b""  # the start of a message whose end has not come
        self._tail_since_s = 0.0
        self._waiting: list[bytes] = []  # whole messages that must wait for earlier ones
        self._out: list[bytes] = []  # answers and their lengths, to leave in one write
        self.established = False
        self._busy = False  # answers made now are sent at the end of this turn anyway
        self._closing = False
        self._why = "the client left"
        self.client = client
        self.port = port
        self.started_s = self.last_active_s = monotonic()
        self.deadline_s = self.started_s + house.limits.first_byte_timeout_s
        self.queries = 0
        self.unfinished = 0

    def start(self, stream: Stream) -> None:
        self._stream = stream

    @property
    def idle(self) -> bool:
        """True if closing now would cut nothing off."""
        return not (self.unfinished or self._out or self._waiting or self._closing)

    @property
    def may_idle_out(self) -> bool:
        """True between one answer and the next query; other times have deadlines of their own."""
        return self.established and self.deadline_s == inf and self.idle

    # --- what the stream tells ----------------------------------------------------------------------------------

    def received(self, data: memoryview) -> None:
        if self._closing:
            return
        session = self.session
        try:
            plaintext = session.receive(data)
        except PeerError as error:
            self._house.failed(self, str(error), type(error))
            self.close(str(error), orderly=False)
            return
        if plaintext:
            self._take(plaintext)
        if output := session.take_output():
            self._stream.write(output)
            if self._stream.unsent:
                self._settle()
        if not self.established:
            self._progress()
        if session.peer_closed:
            self.close_when_idle("the client closed")

    def peer_finished(self) -> None:
        # A client that half-closed still reads: what it asked before is answered.
        self.close_when_idle("the client closed")

    def drained(self) -> None:
        self._settle()

    def ended(self, reset: bool) -> None:
        if reset and not self._closing:
            self._why = "reset by the client"
        self._closing = True
        self._waiting.clear()
        self._house.closed(self, self._why)

    # --- answering ----------------------------------------------------------------------------------------------

    def _progress(self) -> None:
        """Before the handshake is done: the first octet ends one deadline and begins another."""
        if self.session.established:
            self.established = True
            self._house.opened(self)
            self._settle()
        else:
            self.deadline_s = self.started_s + self._house.limits.handshake_timeout_s

    def _take(self, plaintext: bytes) -> None:
        had_part = bool(self._tail)
        messages, self._tail = split(self._tail + plaintext if had_part else plaintext)
        if messages:
            self.queries += len(messages)
            self._house.count[_QUERIES] += len(messages)
            self.last_active_s = monotonic()
            self._work(messages)
        if self._tail and (messages or not had_part):
            self._tail_since_s = monotonic()
        self._settle()

    def _work(self, messages: list[bytes]) -> None:
        """Answer `messages` in turn, as far as the limits on unfinished and on unread answers allow."""
        house = self._house
        self._busy = True
        lookup = house.answerer.lookup
        most_unfinished = house.limits.queries_per_connection
        out = self._out
        out_bytes = 0
        for index, message in enumerate(messages):
            if self.unfinished >= most_unfinished or len(self._stream.unsent) > _WRITE_BYTES or index == _PER_TURN:
                self._waiting = messages[index:]
                break
            answer = lookup(message)
            if answer is None:
                self.unfinished += 1
                house.count[_NOT_CACHED] += 1
                house.answerer.resolve(message, self.client, house.idle_timeout_s(), self._reply)
                continue
            out.append(prefix(answer))
            out.append(answer)
            out_bytes += len(answer)
            if out_bytes > _WRITE_BYTES:
                self._send()
                out_bytes = 0
        self._busy = False
        self._send()
        if self._waiting and self.unfinished < most_unfinished and not self._stream.unsent:
            self._schedule()  # nobody else would wake us for the rest

    def _reply(self, answer: bytes | None) -> None:
        self.unfinished -= 1
        if self._stream.closing:
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
        self._send()
        self._settle()

    def _send(self) -> None:
        if not self._out:
            return
        data = b"".join(self._out)
        self._out.clear()
        if self._stream.closing:
            return
        if len(self._stream.unsent) > _MOST_UNSENT_BYTES:
            self._why = "leaves too many answers unread"
            self._stream.abort()
            return
        try:
            self._stream.write(self.session.send(data))
        except PeerError as error:
            self.close(str(error), orderly=False)

    def _settle(self) -> None:
        """After each change: go on with what waits, read or do not, set the deadline that applies."""
        stream = self._stream
        if not (self.unfinished or self._waiting or self._tail or stream.unsent or self._closing):
            # By far the most frequent: all is answered. How long it may be idle is the server's to know.
            self.deadline_s = inf
            stream.resume()
            return
        if stream.closing:
            return
        limits = self._house.limits
        if self._waiting and self.unfinished < limits.queries_per_connection and len(stream.unsent) <= _WRITE_BYTES:
            waiting, self._waiting = self._waiting, []
            self._work(waiting)
        if self._closing:
            self.close_when_idle(self._why)
            return
        if self._waiting or self.unfinished >= limits.queries_per_connection or stream.unsent:
            stream.pause()
        else:
            stream.resume()
        if stream.unsent:
            self.deadline_s = stream.progress_s + limits.write_timeout_s
        elif self._tail:
            self.deadline_s = self._tail_since_s + limits.message_timeout_s
        else:
            self.deadline_s = inf  # upstream has its own deadline

    # --- ending -------------------------------------------------------------------------------------------------

    def expire(self) -> None:
        """A deadline has passed: end the connection, and say which it was."""
        if self._stream.unsent and self._stream.progress_s + self._house.limits.write_timeout_s > monotonic():
            self._settle()  # slow, but it reads
            return
        self._house.count[Count.TIMED_OUT] += 1
        if self._stream.closing:
            self._stream.abort()
        elif self._stream.unsent:
            self._why = "does not read its answers"
            self._stream.abort()
        elif not self.established:
            self._house.failed(self, "the handshake took too long")
            self.close("the handshake took too long", orderly=False)
        else:
            self.close("a message took too long" if self._tail else "idle")

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
        if self._stream.closing:
            return
        self._stream.write(self.session.close() if orderly else self.session.take_output())
        self._stream.close()
        self.deadline_s = monotonic() + self._house.limits.write_timeout_s
