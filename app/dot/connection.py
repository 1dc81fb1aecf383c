"""One client's connection: ciphertext in, answers out, and the deadline that applies at each moment."""

from math import inf
from time import monotonic

from app.errors import PeerError

from .contract import Door, How, Session
from .conversation import Conversation
from .counters import Count
from .framing import split
from .stream import Stream

_ANSWER_TIMEOUT_S = 30.0
"""Longer than upstream takes to give up: an answer that is still missing got lost through a fault of ours."""


class Connection(Conversation):
    """Its stream calls the first methods; the server calls `start`, `expire` and the ways to end it."""

    __slots__ = (
        "_closing", "_stream", "_tail", "_tail_since_s", "_why",
        "deadline_s", "established", "port", "session", "started_s",
    )  # fmt: skip

    def __init__(self, door: Door, session: Session, client: str, port: int) -> None:
        super().__init__(door, client)
        self.session = session
        self._stream: Stream
        self._tail = b""  # the start of a message whose end has not come
        self._tail_since_s = 0.0
        self.established = False
        self._closing = False
        self._why = "the client left"
        self.port = port
        self.started_s = self.last_active_s
        self.deadline_s = self.started_s + door.limits.first_byte_timeout_s

    def start(self, stream: Stream) -> None:
        self._stream = stream

    @property
    def idle(self) -> bool:
        """True if closing now would cut nothing off."""
        return self._all_answered and not self._closing and not self._stream.unsent

    @property
    def progress_s(self) -> float:
        """When it came or asked last, or when the kernel last took something of what is unsent."""
        return self._stream.progress_s if self._stream.unsent else self.last_active_s

    @property
    def leaving(self) -> bool:
        """True if it ends by itself in this turn of the loop."""
        return self._stream.closing and not self._stream.unsent

    @property
    def may_idle_out(self) -> bool:
        """True between one answer and the next query; other times have deadlines of their own."""
        return self.established and self.deadline_s == inf and self.idle

    @property
    def unsent_bytes(self) -> int:
        return len(self._stream.unsent)

    def how(self) -> How:
        return self.session.how()

    def here(self) -> str:
        return self._stream.local_address

    @property
    def _ended(self) -> bool:
        return self._stream.closing

    # --- what the stream tells ----------------------------------------------------------------------------------

    def received(self, data: memoryview) -> None:
        if self._closing:
            return
        session = self.session
        try:
            plaintext = session.receive(data)
        except PeerError as error:
            self._door.failed(self, str(error), type(error))
            self.close(str(error), orderly=False)
            return
        if plaintext:
            self._read(plaintext)
        if session.has_output or not self.established:
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
        self._door.closed(self, self._why)
        del self.session  # or TLS's memory would be kept until the last of unfinished queries is answered

    # --- answering ----------------------------------------------------------------------------------------------

    def _progress(self) -> None:
        """Pass on what TLS has to say for itself; the first octet ends one deadline, the handshake's end another."""
        if self._ended:
            return
        if output := self.session.take_output():
            self._stream.write(output)
            if self._stream.unsent:
                self._settle()
        if self.established:
            return
        if self.session.established:
            self.established = True
            self._door.opened(self)
            self._settle()
        else:
            self.deadline_s = self.started_s + self._door.limits.handshake_timeout_s

    def _read(self, plaintext: bytes) -> None:
        had_part = bool(self._tail)
        messages, self._tail = split(self._tail + plaintext if had_part else plaintext)
        if messages:
            self._take(messages)
        if self._tail and (messages or not had_part):
            self._tail_since_s = monotonic()
        self._settle()

    def _write(self, data: bytes) -> None:
        stream = self._stream
        if stream.closing:
            return
        if stream.unsent and len(stream.unsent) > self._door.limits.unsent_bytes_per_connection:
            self.give_up("leaves too many answers unread")
            return
        try:
            stream.write(self.session.send(data))
        except PeerError as error:
            self.close(str(error), orderly=False)

    def _settle(self) -> None:
        """After each change: go on with what waits, read or do not, set the deadline that applies."""
        stream = self._stream
        if not (self.unfinished or self._waiting or self._tail or stream.unsent or self._closing):
            # By far the most frequent: all is answered. How long it may be idle is the server's to know.
            self.deadline_s = inf
            if not stream.reading:
                stream.resume()
            return
        if stream.closing:
            return
        self._go_on()
        if self._closing:
            self.close_when_idle(self._why)
            if stream.closing:
                return
        elif self._must_wait or stream.unsent:
            stream.pause()
        else:
            if self._tail and not stream.reading:
                self._tail_since_s = monotonic()  # its rest was left in the kernel: that time was ours
            stream.resume()
        limits = self._door.limits
        if stream.unsent:
            self.deadline_s = stream.progress_s + limits.write_timeout_s
        elif self._tail and stream.reading and not self._closing:
            self.deadline_s = self._tail_since_s + limits.message_timeout_s
        else:
            self.deadline_s = monotonic() + _ANSWER_TIMEOUT_S

    # --- ending -------------------------------------------------------------------------------------------------

    def expire(self) -> None:
        """A deadline has passed: end the connection, and say which it was."""
        stream = self._stream
        if stream.unsent and stream.progress_s + self._door.limits.write_timeout_s > monotonic():
            self._settle()  # slow, but it reads
            return
        if stream.closing or stream.unsent:
            self.give_up(self._why if stream.closing else "does not read its answers")
            return
        self._door.count[Count.TIMED_OUT] += 1
        if not self.established:
            self._door.failed(self, "the handshake took too long")
            self.close("the handshake took too long", orderly=False)
        else:
            late = "an answer" if self.unfinished else "a message" if self._tail else ""
            self.close(f"{late} took too long" if late else "idle")

    def give_up(self, why: str) -> None:
        """End it with a reset: it does not read, and what is unsent is lost."""
        self._door.count[Count.LEFT_UNREAD] += 1
        self._why = why
        self._stream.abort()

    def make_room(self) -> None:
        """End it at once, because its place is needed."""
        if self._stream.unsent:
            self.give_up("left its answers unread while its place was needed")
        else:
            self.close("made room")

    def _abandon(self) -> None:
        self._why = "a fault of Homedot's own"
        self._stream.abort()

    def close_when_idle(self, why: str) -> None:
        """Take no more queries; close once what was asked is answered."""
        self._closing = True
        self._why = why
        if self._all_answered:
            self.close(why)

    def close(self, why: str, orderly: bool = True) -> None:
        """End the connection: with close_notify if `orderly`, in any case with the alert that is due."""
        self._closing = True
        self._why = why
        if self._stream.closing:
            return
        self._stream.write(self.session.close() if orderly else self.session.take_output())
        self._stream.close()
        self.deadline_s = monotonic() + self._door.limits.write_timeout_s
