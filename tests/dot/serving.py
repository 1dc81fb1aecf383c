"""The real server on loopback, with an answerer that knows no DNS."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from app.dot.admission import Limits
from app.dot.certificate import Certificate
from app.dot.counters import Count, Counters
from app.dot.journal import Journal
from app.dot.listener import listening_sockets
from app.dot.occupancy import Occupancy, Row
from app.dot.plain import PlainSession
from app.dot.server import Server
from app.dot.tickets import TicketKeys
from app.dot.tls import Session
from tests.fakes.answerer import EchoAnswerer
from tests.fakes.clock import Clock

LIMITS = Limits(
    connections=1024,
    connections_per_client=64,
    queries_per_connection=100,
    first_byte_timeout_s=5,
    handshake_timeout_s=10,
    message_timeout_s=10,
    idle_timeout_s=120,
    write_timeout_s=10,
)


@dataclass(frozen=True)
class Serving:
    server: Server
    port: int
    answerer: EchoAnswerer
    certificate: Certificate
    counters: Counters
    occupancy: Occupancy
    journal: list[str]
    clock: Clock
    tickets: TicketKeys

    def refresh(self) -> None:
        self.certificate.refresh(self.counters.row(0))
        self.tickets.refresh()

    def counted(self, count: Count) -> int:
        return self.counters.total(count)


@asynccontextmanager
async def serving(
    pair: Path,
    allowed: bool = True,
    door: Row | None = None,
    write: Callable[[str], object] | None = None,
    is_plain: bool = False,
    **limits: object,
) -> AsyncIterator[Serving]:
    """Serve with LIMITS changed by `limits`; ends without grace unless the test stopped it.

    `door` is a row that the test shares with another server, `write` takes the journal's lines.
    """
    counters, occupancy, answerer = Counters(), Occupancy(), EchoAnswerer()
    journal: list[str] = []
    row = counters.row(0)
    certificate, clock = Certificate(pair), Clock()
    tickets = TicketKeys(clock)
    sockets = listening_sockets(0, "dot.port", socket.SOCK_STREAM)
    port = sockets[0].getsockname()[1]
    server = Server(
        sockets,
        PlainSession if is_plain else lambda: Session(certificate.context, tickets.context),
        answerer,
        replace(LIMITS, **limits),  # type: ignore[arg-type]
        lambda _: allowed,
        door or occupancy.row(0),
        row,
        Journal(write or journal.append),
    )
    try:
        yield Serving(server, port, answerer, certificate, counters, occupancy, journal, clock, tickets)
    finally:
        await server.stop(grace_s=0)
