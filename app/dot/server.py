"""The front door: admit, watch deadlines, drain. Knows no DNS: it takes an `Answerer`."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from operator import attrgetter
from time import monotonic
from typing import final

from app.errors import PeerError

from .admission import Admission, Limits
from .connection import Connection, ConnectionEvents
from .connection_log import ConnectionLog
from .contract import Answerer, Session
from .counters import Count
from .listener import Listener
from .occupancy import OccupancyRow
from .poller import running_poller
from .rate_limited_log import RateLimitedLog
from .stream import Stream
from .tls import AlpnRefused

log = logging.getLogger(__name__)

_SWEEP_S = 0.25
_STOPPING_SWEEP_S = 0.05
_BUFFER_BYTES = 65536
_STOPS = "the server stops"


@final
class Server:
    """Serves `answerer` on the bound sockets `listening`, until `stop`. Made inside a running `poller.Loop`.

    `sessions` makes the session of each connection. `is_allowed` judges a client's address before anything is read;
    `setting` is named in the log when it says no.
    """

    def __init__(
        self,
        listening: Iterable[socket.socket],
        sessions: Callable[[], Session],
        answerer: Answerer,
        *,
        limits: Limits,
        is_allowed: Callable[[str], bool],
        occupancy: OccupancyRow,
        count: memoryview,
        connection_log: ConnectionLog,
        setting: str,
    ) -> None:
        self.limits = limits
        self.answerer = answerer
        self._exceptions: Mapping[str, ConnectionEvents] = {}
        self.count = count
        self._connection_log = connection_log
        self._sessions = sessions
        self._is_allowed = is_allowed
        self._setting = setting
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._admission: Admission[Connection] = Admission(limits, occupancy)
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self._changed = asyncio.Event()
        self._warn_refused = RateLimitedLog(log.warning, monotonic)
        self._warn_failed = RateLimitedLog(log.info, monotonic)
        self._poller = running_poller()
        self._listeners = [Listener(bound, self._accepted, self._accept_failed, self._poller) for bound in listening]
        self._sweep = self._loop.call_later(_SWEEP_S, self._look_at_clock)

    def except_for(self, answerers: Mapping[str, Answerer]) -> None:
        """From now on the clients with these addresses are answered by these, those that are connected too."""
        self._exceptions = {client: _Apart(self, answerer) for client, answerer in answerers.items()}
        for connection in self._admission.connections():
            connection.change_server(self._server_of(connection.client))

    async def stop(self, grace_s: float = 1.5) -> None:
        """Close who is idle, and go on for the others until they are, for at most `grace_s`; then close everything.

        Until then whoever asks or comes is answered: where one waits for a dead name, the rest need not wait with it.
        """
        if self._stopping:
            return
        self._stopping = True
        self._close_idle(even_if_new=True)
        self._sweep.cancel()
        self._look_at_clock()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wait_until_idle(), grace_s)
        for listener in self._listeners:
            listener.close()
        for connection in self._admission.connections():
            connection.close(_STOPS)
        await asyncio.sleep(0)
        for connection in self._admission.connections():
            connection.abort("does not read its answers, and the server stops")
        self._sweep.cancel()
        self._connection_log.close()

    def _close_idle(self, *, even_if_new: bool) -> None:
        for connection in self._admission.connections():
            if connection.is_idle and (even_if_new or connection.queries):
                connection.close(_STOPS)

    async def _wait_until_idle(self) -> None:
        while not all(connection.is_idle for connection in self._admission.connections()):
            self._changed.clear()
            await self._changed.wait()

    # --- coming in ----------------------------------------------------------------------------------------------

    def _accepted(self, connected: socket.socket, address: tuple[str, int]) -> None:
        client, port = address
        if not self._is_allowed(client):
            self._refuse(connected, Count.REFUSED_NOT_ALLOWED, f"{client} refused: it is not in {self._setting}")
            return
        leaving = self._admission.make_room(client)
        if leaving is not None:
            self._evict(leaving)
        self.count[Count.ACCEPTED] += 1
        connection = Connection(self._server_of(client), self._sessions(), client, port)
        self._admission.enter(connection)
        connection.stream = Stream(connected, connection, self._buffer, self._poller)

    def _evict(self, connection: Connection) -> None:
        """End it at once, because its place is needed."""
        self.count[Count.EVICTED] += 1
        if connection.unsent_bytes:
            connection.abort("left its answers unread while its place was needed")
        else:
            connection.close("made room")

    def _refuse(self, connected: socket.socket, why: Count, line: str) -> None:
        connected.close()
        self.count[why] += 1
        self._warn_refused(line)

    def _server_of(self, client: str) -> ConnectionEvents:
        return self._exceptions.get(client.partition("%")[0], self)

    def _accept_failed(self) -> None:
        self.count[Count.ACCEPT_ERRORS] += 1

    # --- what a connection asks and tells -----------------------------------------------------------------------

    def idle_timeout_s(self) -> float:
        return 0.0 if self._stopping else self.limits.idle_timeout_at_s(self._admission.total)

    def opened(self, connection: Connection) -> None:
        session = connection.protocol.session
        resumed = session.is_resumed
        if resumed is not None:
            self.count[Count.HANDSHAKES_RESUMED if resumed else Count.HANDSHAKES_FULL] += 1
        self._connection_log.note(connection.client, connection.port, f"opened: {session.describe()}")

    def failed(self, connection: Connection, why: str, kind: type[PeerError] = PeerError) -> None:
        session = connection.protocol.session
        connection.has_failed = True
        if not session.established and session.is_resumed is not None:
            self.count[Count.ALPN_REFUSED if kind is AlpnRefused else Count.HANDSHAKES_FAILED] += 1
            self._warn_failed(f"{connection.client} failed: {why}")

    def closed(self, connection: Connection, why: str) -> None:
        self._admission.leave(connection)
        self._count_queries(connection)
        self._changed.set()
        session = connection.protocol.session
        if not (session.established or session.is_resumed is None or connection.has_failed):
            self.count[Count.HANDSHAKES_LEFT] += 1
        if session.established:
            lasted_s = monotonic() - connection.started_s
            what = f"closed after {lasted_s:.1f} s, {connection.queries} queries: {why}"
            self._connection_log.note(connection.client, connection.port, what)

    # --- the clock ----------------------------------------------------------------------------------------------

    def _look_at_clock(self) -> None:
        again_s = _STOPPING_SWEEP_S if self._stopping else _SWEEP_S
        self._sweep = self._loop.call_later(again_s, self._look_at_clock)  # first: no fault below ends all deadlines
        if self._stopping:
            self._close_idle(even_if_new=False)
            self._changed.set()
        self._connection_log.flush()
        self._warn_refused.tell()
        self._warn_failed.tell()
        now_s = monotonic()
        idle_since_s = now_s - self.limits.idle_timeout_at_s(self._admission.total)
        for connection in self._admission.connections():
            if connection.queries > connection.counted:
                self._count_queries(connection)
            if connection.deadline_s <= now_s or (connection.last_active_s <= idle_since_s and connection.is_idle):
                connection.expire()
        for connection in self._admission.surplus():
            self._evict(connection)
        self._relieve()

    def _count_queries(self, connection: Connection) -> None:
        """Now and then: for each query it would cost a hundredth of what an answer costs."""
        self.count[Count.QUERIES] += connection.queries - connection.counted
        connection.counted = connection.queries

    def _relieve(self) -> None:
        """End those that left most unread, if all together left too much."""
        unread = [connection for connection in self._admission.connections() if connection.unsent_bytes]
        too_many_bytes = sum(connection.unsent_bytes for connection in unread) - self.limits.unsent_bytes
        for connection in sorted(unread, key=attrgetter("unsent_bytes"), reverse=True):
            if too_many_bytes <= 0:
                return
            too_many_bytes -= connection.unsent_bytes
            connection.abort("leaves answers unread when memory is short")


@final
class _Apart:
    """The server as it is for clients that are answered by another: whoever is not pays nothing for that."""

    def __init__(self, server: Server, answerer: Answerer) -> None:
        self.answerer = answerer
        self.limits, self.count = server.limits, server.count
        self.idle_timeout_s, self.opened = server.idle_timeout_s, server.opened
        self.failed, self.closed = server.failed, server.closed
