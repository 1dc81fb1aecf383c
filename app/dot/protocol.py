"""One connection's protocol without I/O: octets in, queries out; answers in, octets out (RFC 7858 3, RFC 7766 8).

                established             the client or we have finished      all is answered
    HANDSHAKE ---------------> OPEN ------------------------------> DRAINING ---------------> CLOSED
        |                        |                                     |                        ^
        +------------------------+-------------------------------------+------------------------+
              at once: a fault, a deadline that has passed, or its place is needed

It knows neither clock nor socket nor who answers, so nothing leads from it back to the connection that holds it: TLS's
memory goes with the last of them, and does not wait until the collector comes by.
"""

from enum import Enum, auto
from typing import final

from .contract import Session
from .framing import split


class ConnectionState(Enum):
    """Where a connection is; it only ever goes on to a later one."""

    HANDSHAKE = auto()
    """TLS is being set up; without TLS nothing has come yet."""
    OPEN = auto()
    """Queries are read and answered."""
    DRAINING = auto()
    """No more queries are read; those that came are answered."""
    CLOSED = auto()
    """Nothing more is said. What was said before may still be on its way to the kernel."""


HANDSHAKE, OPEN, DRAINING, CLOSED = ConnectionState


@final
class ServerProtocol:
    """`partial` is the start of a query whose end has not come."""

    __slots__ = ("partial", "session", "state")
    __deletable__ = ("session",)

    def __init__(self, session: Session) -> None:
        self.session = session
        self.state = HANDSHAKE
        self.partial = b""

    def receive(self, data: memoryview) -> list[bytes]:
        """The queries that end in `data`. Raises PeerError where the session is over; the alert is in `close`."""
        session = self.session
        plaintext = session.receive(data)
        if self.state is HANDSHAKE and session.established:
            self.state = OPEN
        if session.peer_closed:
            self.state = DRAINING
        if not plaintext:
            return []
        queries, self.partial = split(self.partial + plaintext if self.partial else plaintext)
        return queries

    def drain(self) -> None:
        """Take no more queries; the peer has finished, or we want to."""
        self.state = DRAINING

    def send(self, answers: bytes) -> bytes:
        """The octets that carry `answers`, each after its length. Raises PeerError if the session is broken."""
        return self.session.send(answers)

    def close(self, *, orderly: bool) -> bytes:
        """The last octets: close_notify if `orderly`, in any case the alert that is due (RFC 8446 6.1)."""
        self.state = CLOSED
        return self.session.close() if orderly else self.session.take_output()

    def free(self) -> None:
        """Let go of TLS and of what was read, however long somebody holds on to this."""
        self.state = CLOSED
        self.partial = b""
        del self.session
