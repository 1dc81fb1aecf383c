"""One client's connection: its stream, its protocol, the answers it waits for, and the deadline of each moment.

The parts know no way back from one to another: `Stream` lets go of its owner when it ends, `ServerProtocol` has none.
"""

from math import inf
from time import monotonic
from typing import Protocol, final

from app.errors import PeerError

from .contract import ServerContext, Session, TransportInfo
from .counters import Count
from .protocol import CLOSED, DRAINING, HANDSHAKE, OPEN, ServerProtocol
from .query_queue import QueryQueue
from .stream import Stream

_LINGER_S = 1.0
"""How long a client may take to read the alert that ended its connection, and to close."""


class ConnectionEvents(ServerContext, Protocol):
    """Who is told that it can ask now; that the client broke the rules of TLS, or took too long over the handshake, and
    `closed` follows; and that it is gone, once of each and last of all."""

    def opened(self, connection: "Connection") -> None: ...
    def failed(self, connection: "Connection", why: str, kind: type[PeerError] = ...) -> None: ...
    def closed(self, connection: "Connection", why: str) -> None: ...


@final
class Connection:
    """Its stream calls the first methods; the server calls `expire` and the ways to end it."""

    __slots__ = (
        "_is_flush_due", "_partial_since_s", "_queue", "_server", "_why",
        "client", "counted", "deadline_s", "has_failed", "last_active_s",
        "port", "protocol", "queries", "started_s", "stream",
    )  # fmt: skip

    def __init__(self, server: ConnectionEvents, session: Session, client: str, port: int) -> None:
        self._server = server
        self.stream: Stream  # the server's first thing to give
        self.protocol = ServerProtocol(session)
        self.client, self.port = client, port
        self._queue = QueryQueue()
        self._is_flush_due = False  # answers made now are sent at the end of this turn anyway
        self._partial_since_s = 0.0
        self._why = "a fault of Homedot's own"  # whatever else ends it says so
        self.has_failed = False
        self.queries = self.counted = 0
        self.started_s = self.last_active_s = monotonic()
        self.deadline_s = self.started_s + server.limits.first_byte_timeout_s

    def change_server(self, server: ConnectionEvents) -> None:
        self._server = server

    @property
    def progress_s(self) -> float:
        """When it came or asked last, or when the kernel last took something of what is unsent."""
        return self.stream.progress_s if self.stream.unsent else self.last_active_s

    @property
    def leaving(self) -> bool:
        """True if it ends by itself in this turn of the loop."""
        return self.stream.closing and not self.stream.lingering and not self.stream.unsent

    @property
    def is_idle(self) -> bool:
        """True between one answer and the next query; other times have deadlines of their own."""
        return self.deadline_s == inf

    @property
    def unsent_bytes(self) -> int:
        return len(self.stream.unsent)

    def how(self) -> TransportInfo:
        return self.protocol.session.how()

    def here(self) -> str:
        return self.stream.local_address

    # --- what the stream tells ----------------------------------------------------------------------------------

    def data_received(self, data: memoryview) -> None:
        protocol = self.protocol
        before, had_part = protocol.state, protocol.partial
        if before is not OPEN and before is not HANDSHAKE:
            return
        try:
            queries = protocol.receive(data)
        except PeerError as error:
            self._server.failed(self, str(error), type(error))
            self.close(str(error), orderly=False)
            return
        session = protocol.session
        if before is HANDSHAKE and session.established:
            self._server.opened(self)
        if queries:
            self._take(queries)
        if protocol.partial and (queries or not had_part):
            self._partial_since_s = monotonic()
        if session.has_output:
            self.stream.write(session.take_output())
        if protocol.state is DRAINING:
            self._why = "the client closed"
        self._settle()

    def eof_received(self) -> None:
        # A client that half-closed still reads: what it asked before is answered.
        self.drain("the client closed")

    def drained(self) -> None:
        self._settle()

    def connection_lost(self, *, reset: bool) -> None:
        if reset and self.protocol.state in (HANDSHAKE, OPEN):
            self._why = "reset by the client"
        self._queue.waiting.clear()
        self._server.closed(self, self._why)
        self.protocol.free()  # or TLS's memory would be kept until the last of unfinished queries is answered

    # --- answering ----------------------------------------------------------------------------------------------

    def _take(self, queries: list[bytes]) -> None:
        self.queries += len(queries)
        self.last_active_s = monotonic()
        queue, server = self._queue, self._server
        if len(queries) > 1 or queue.answers:
            queue.waiting += queries  # which is looked at before this turn ends
            return
        # A phone's most frequent case, one question, goes the shortest way.
        answer = server.answerer.lookup(queries[0])
        if answer is not None:
            self._write(len(answer).to_bytes(2, "big") + answer)
            return
        self._is_flush_due = True
        queue.ask(queries[0], self, server, self._reply)
        self._is_flush_due = False
        self._flush()

    def _work(self) -> None:
        """Answer what waits, as far as the limits on unfinished and on unread answers allow."""
        queue, limits = self._queue, self._server.limits
        left, most = limits.queries_per_turn, limits.queries_per_connection
        self._is_flush_due = True
        while left and queue.waiting and queue.unfinished < most and self.unsent_bytes <= limits.portion_bytes:
            left -= queue.work(self, self._server, self._reply, left)
            self._flush()
        self._is_flush_due = False
        if queue.waiting and queue.unfinished < most and not self.unsent_bytes:
            self._schedule_flush()  # nobody else would wake us for the rest

    def _reply(self, answer: bytes | None) -> None:
        self._queue.finish(answer)
        if not self._is_flush_due and self.protocol.state is not CLOSED:
            self._schedule_flush()

    def _schedule_flush(self) -> None:
        """Answers that come in the same turn of the loop leave in one write."""
        self._is_flush_due = True
        self.stream.call_soon(self._turn)

    def _turn(self) -> None:
        self._is_flush_due = False
        self._flush()
        self._settle()

    def _flush(self) -> None:
        if self._queue.answers:
            self._write(self._queue.take_answers())

    def _write(self, answers: bytes) -> None:
        stream, protocol = self.stream, self.protocol
        if protocol.state is CLOSED:
            return
        if stream.unsent and len(stream.unsent) > self._server.limits.unsent_bytes_per_connection:
            self.abort("leaves too many answers unread")
            return
        try:
            stream.write(protocol.send(answers))
        except PeerError as error:
            self.close(str(error), orderly=False)

    def _settle(self) -> None:
        """After each change: go on with what waits, read or do not, set the deadline that applies."""
        stream, protocol, queue = self.stream, self.protocol, self._queue
        state = protocol.state
        if state is OPEN and not (queue.unfinished or queue.waiting or protocol.partial or stream.unsent):
            # By far the most frequent: all is answered. How long it may be idle is the server's to know.
            self.deadline_s = inf
            if not stream.reading:
                stream.resume_reading()
        elif state is not CLOSED:
            if queue.waiting:
                self._work()
            self._control_flow()
            self._set_deadline()

    def _control_flow(self) -> None:
        """Read only while there is room for what comes; close when there is nothing more to say."""
        stream, state, queue = self.stream, self.protocol.state, self._queue
        if state is DRAINING:
            if queue.is_empty:
                self.close(self._why)
        elif queue.waiting or queue.unfinished >= self._server.limits.queries_per_connection or stream.unsent:
            stream.pause_reading()
        elif not stream.reading:
            self._partial_since_s = monotonic()  # its rest was left in the kernel: that time was ours
            stream.resume_reading()

    def _set_deadline(self) -> None:
        limits, stream, protocol = self._server.limits, self.stream, self.protocol
        if stream.unsent:
            self.deadline_s = stream.progress_s + limits.write_timeout_s
        elif protocol.state is HANDSHAKE:
            self.deadline_s = self.started_s + limits.handshake_timeout_s
        elif protocol.state is OPEN and protocol.partial and stream.reading:
            self.deadline_s = self._partial_since_s + limits.message_timeout_s
        else:
            self.deadline_s = monotonic() + limits.answer_timeout_s

    # --- ending -------------------------------------------------------------------------------------------------

    def expire(self) -> None:
        """A deadline has passed: end the connection, and say which it was."""
        stream, state = self.stream, self.protocol.state
        if stream.unsent and stream.progress_s + self._server.limits.write_timeout_s > monotonic():
            self._set_deadline()  # slow, but it reads
            return
        if stream.lingering and not stream.unsent:
            stream.close()
            return
        if state is CLOSED or stream.unsent:
            self.abort(self._why if state is CLOSED else "does not read its answers")
            return
        self._server.count[Count.TIMED_OUT] += 1
        if state is HANDSHAKE:
            self._server.failed(self, "the handshake took too long")
            self.close("the handshake took too long", orderly=False)
        else:
            late = "an answer" if self._queue.unfinished else "a message" if self.protocol.partial else ""
            self.close(f"{late} took too long" if late else "idle")

    def abort(self, why: str) -> None:
        """End it with a reset: it does not read, and what is unsent is lost."""
        self._server.count[Count.LEFT_UNREAD] += 1
        self._why = why
        self.stream.abort()

    def drain(self, why: str) -> None:
        """Take no more queries; close once what was asked is answered."""
        if self.protocol.state is not CLOSED:
            self.protocol.drain()
            self._why = why
            self._settle()

    def close(self, why: str, *, orderly: bool = True) -> None:
        """End it: with close_notify if `orderly`, else with the alert that is due, which is not to be lost."""
        if self.protocol.state is CLOSED:
            self.stream.close()  # in case that it lingers
            return
        self._why = why
        self.stream.write(self.protocol.close(orderly=orderly))
        if orderly:
            self.stream.close()
            self.deadline_s = monotonic() + self._server.limits.write_timeout_s
        else:
            self.stream.linger()
            self.deadline_s = monotonic() + _LINGER_S
