"""The front door: listen, admit, watch deadlines, drain. Knows no DNS: it takes an `Answerer`."""

import asyncio
import errno
import logging
import socket
import ssl
from functools import partial
from pathlib import Path
from time import monotonic

from app.errors import OperatorError

from .admission import Admission, Limits
from .connection import Answerer, Connection
from .tls import load_pair, server_context

log = logging.getLogger(__name__)

_SWEEP_S = 0.25
_PAIR_LOOK_S = 2.0
_BUFFER_BYTES = 65536
_BACKLOG = 512


class Server:
    """DNS over TLS on one port.

    `pair` is a PEM file of key and chain; when it is replaced the next handshake serves the new one. Raises
    OperatorError from `start` for what only the operator can mend.
    """

    def __init__(self, port: int, pair: Path, answerer: Answerer, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.answerer = answerer
        self.context: ssl.SSLContext = server_context(pair)
        self.buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._port = port
        self._pair = pair
        self._pair_seen = _stamp(pair)
        self._admission: Admission[Connection] = Admission(self.limits)
        self._servers: list[asyncio.Server] = []
        self._watch: asyncio.Task[None] | None = None
        self._empty = asyncio.Event()

    async def start(self) -> int:
        """Listen on every address, IPv4 and IPv6. Returns the port, which the kernel chooses when it was 0."""
        loop = asyncio.get_running_loop()
        for listener in listening_sockets(self._port):
            self._servers.append(await loop.create_server(partial(Connection, self), sock=listener, backlog=_BACKLOG))
            self._port = listener.getsockname()[1]
        self._watch = asyncio.create_task(self._watch_clock())
        return self._port

    async def stop(self, grace_s: float = 4.0) -> None:
        """Accept nothing more, answer what is unfinished for at most `grace_s`, close everything orderly."""
        for server in self._servers:
            server.close()
        for connection in self._admission.guests():
            connection.close_when_idle("the server stops")
        try:
            await asyncio.wait_for(self._wait_empty(), grace_s)
        except TimeoutError:
            for connection in self._admission.guests():
                connection.close("the server stops")
        if self._watch is not None:
            self._watch.cancel()

    async def _wait_empty(self) -> None:
        while self._admission.connections:
            self._empty.clear()
            await self._empty.wait()

    # --- what a connection asks of its house --------------------------------------------------------------------

    def idle_timeout_s(self) -> float:
        return self.limits.idle_timeout_at_s(self._admission.connections)

    def opened(self, connection: Connection) -> bool:
        """True if the connection may stay; somebody who was idle may have had to leave for it."""
        try:
            leaving = self._admission.make_room(connection.client)
        except LookupError:
            log.debug("%s refused: no room", connection.client)
            return False
        if leaving is not None:
            leaving.close("made room")
        self._admission.enter(connection)
        return True

    def closed(self, connection: Connection) -> None:
        self._admission.leave(connection)
        if not self._admission.connections:
            self._empty.set()

    # --- the clock ----------------------------------------------------------------------------------------------

    async def _watch_clock(self) -> None:
        next_look_s = monotonic() + _PAIR_LOOK_S
        while True:
            await asyncio.sleep(_SWEEP_S)
            now_s = monotonic()
            for connection in self._admission.guests():
                if connection.deadline_s <= now_s:
                    connection.expire()
            if now_s >= next_look_s:
                next_look_s = now_s + _PAIR_LOOK_S
                self.reload()

    def reload(self) -> None:
        """Serve the certificate on disk if it changed; a bad one is refused with a reason and the old one stays."""
        stamp = _stamp(self._pair)
        if stamp == self._pair_seen:
            return
        self._pair_seen = stamp
        try:
            load_pair(self.context, self._pair)
        except OperatorError as error:
            log.error("the new certificate is refused, the old one stays: %s", error)
        else:
            log.info("serving the new certificate")


def listening_sockets(port: int) -> list[socket.socket]:
    """TCP sockets on `port` of every address, not yet listening. Raises OperatorError naming the setting."""
    sockets: list[socket.socket] = []
    families = [socket.AF_INET, socket.AF_INET6] if socket.has_ipv6 else [socket.AF_INET]
    for family in families:
        try:
            listener = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            if error.errno == errno.EAFNOSUPPORT and sockets:
                continue
            raise
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            listener.bind(("", port))
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRNOTAVAIL and sockets:
                continue
            for other in sockets:
                other.close()
            raise OperatorError(_why_not_bound(port, error)) from error
        port = port or listener.getsockname()[1]
        listener.setblocking(False)
        sockets.append(listener)
    return sockets


def _why_not_bound(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"dot.port: {port} is taken by another program (see `ss -ltnp`): stop it or choose another port"
    if error.errno == errno.EACCES:
        return f"dot.port: {port} needs the capability NET_BIND_SERVICE: add it, or choose a port above 1023"
    return f"dot.port: cannot listen on {port}: {error.strerror}"


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
