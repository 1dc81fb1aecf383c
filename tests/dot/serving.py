"""The real server on loopback, with an answerer that knows no DNS."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from app.dot.admission import Limits
from app.dot.certificate import Certificate
from app.dot.connection_log import ConnectionLog
from app.dot.counters import Count, Counters
from app.dot.listener import STREAM_OPTIONS
from app.dot.occupancy import Occupancy, OccupancyRow
from app.dot.plain import PlainSession
from app.dot.server import Server
from app.dot.tickets import TicketKeys
from app.dot.tls import TlsSession
from app.ports import bound_sockets
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
    log: list[str]
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
    *,
    allowed: bool = True,
    row: OccupancyRow | None = None,
    write: Callable[[str], object] | None = None,
    is_plain: bool = False,
    **limits: object,
) -> AsyncIterator[Serving]:
    """Serve with LIMITS changed by `limits`; ends without grace unless the test stopped it.

    `row` is one that the test shares with another server, `write` takes the lines about connections.
    """
    counters, occupancy, answerer = Counters(), Occupancy(), EchoAnswerer()
    log: list[str] = []
    count = counters.row(0)
    certificate, clock = Certificate(pair), Clock()
    tickets = TicketKeys(clock)
    sockets = bound_sockets(0, "dot.port", options=STREAM_OPTIONS)
    port = sockets[0].getsockname()[1]
    server = Server(
        sockets,
        PlainSession if is_plain else lambda: TlsSession(certificate.context, tickets.context),
        answerer,
        limits=replace(LIMITS, **limits),  # type: ignore[arg-type]
        is_allowed=lambda _: allowed,
        occupancy=row or occupancy.row(0),
        count=count,
        connection_log=ConnectionLog(write or log.append, monotonic),
        setting="dot.allow_from",
    )
    try:
        yield Serving(server, port, answerer, certificate, counters, occupancy, log, clock, tickets)
    finally:
        await server.stop(grace_s=0)
