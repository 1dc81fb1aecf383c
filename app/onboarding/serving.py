"""The socket of the setup page, and how much of it anybody gets.

HTTP parsing is uvicorn's. What it leaves open is closed here: connections that never ask, one client that takes them
all, and a crowd that does.
"""

import logging
import socket
from asyncio import Transport
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Sequence
from functools import partial

from starlette.applications import Starlette
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from .budget import client_key
from .porter import SPENT_ALL, Answer, Porter, Told, written
from .throttle import HELD_S, is_held

log = logging.getLogger(__name__)

LIFETIME = 30  # seconds; the whole page takes less than one
CONNECTIONS_PER_CLIENT = 32  # a browser opens six
CONNECTIONS = 256  # then the oldest ends: a home has fewer devices, and a flood costs bounded memory

_AT_ONCE = 64  # are accepted in one go, less than a crowd; as many lines are logged when descriptors run out
_WAITING = 1024  # in the kernel: where that is full, a client comes again after a second, and then after two
_TICKS = 20  # of uvicorn's, of which there are ten a second
_HEAD_BYTES = 8192  # request line and headers; browsers send less than 1 KiB


def serve(
    app: Starlette,
    listening: Sequence[socket.socket],
    is_allowed: Callable[[str], bool],
    unshared: Collection[str] = (),
    *,
    is_over: Callable[[], bool] = lambda: False,
    porter: Porter | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, or until `is_over`, which then ends the process within about two seconds.

    `is_allowed` judges a client's address before anything is read. Clients in `unshared` stand for many, and have no
    share of their own. `porter` answers before a request is parsed.
    """
    for bound in listening:
        bound.listen(_WAITING)  # from here on nobody is turned away
    log.info("the setup page is on port %d", listening[0].getsockname()[1])
    config = Config(
        app,
        loop="asyncio",
        http=partial(_Connection, is_allowed, porter, Shares(unshared), Shares(), OrderedDict()),  # type: ignore[arg-type]  # it is only called
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_AT_ONCE,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=_HEAD_BYTES,
    )
    _Server(config, is_over).run(sockets=list(listening))


class _Server(Server):
    def __init__(self, config: Config, is_over: Callable[[], bool]) -> None:
        super().__init__(config)
        self._is_over = is_over

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for bound in sockets or ():
            bound.listen(_WAITING)  # asyncio has set it to what it accepts in one go

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or (counter % _TICKS == 0 and self._is_over())


class Shares:
    """How many connections each client has. Pure. `enter` is False where that would be too many."""

    def __init__(self, unshared: Collection[str] = ()) -> None:
        self._unshared = {client_key(address) for address in unshared}
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        key = client_key(address)
        if self._open[key] >= CONNECTIONS_PER_CLIENT and key not in self._unshared:
            return False
        self._open[key] += 1
        return True

    def leave(self, address: str) -> None:
        key = client_key(address)
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key]


class _Connection(H11Protocol):
    """uvicorn waits without end for a first request, and for the rest of a slow one: this ends every connection.

    `others` are all that are open, the oldest first; those that had to leave are counted in `ousted`.
    """

    def __init__(
        self,
        is_allowed: Callable[[str], bool],
        porter: Porter | None,
        shares: Shares,
        ousted: Shares,
        others: OrderedDict["_Connection", Transport],
        *arguments: object,
        **options: object,
    ) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self._is_allowed = is_allowed
        self._porter = porter
        self._shares = shares
        self._ousted = ousted
        self._others = others
        self._address: str | None = None
        self._ousted_address: str | None = None
        self._is_answered = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._end = self.loop.call_later(LIFETIME, transport.abort)
        peer = transport.get_extra_info("peername")
        if not peer or not self._is_allowed(client_key(peer[0])) or not self._has_place(peer[0]):
            transport.abort()
            return
        self._address = peer[0]
        # Who came last is served soon. A refusal would have everybody wait for a crowd that only sits there.
        self._others[self] = transport
        if len(self._others) > CONNECTIONS:
            self._others.popitem(last=False)[1].abort()

    def data_received(self, data: bytes) -> None:
        if self._is_answered:
            return
        if self._porter is not None and self._address is not None and self.cycle is None:
            if (answer := self._porter.vital(data)) is not None:
                self._is_answered = True
                if self._porter.is_late(self._address):
                    self.loop.call_later(HELD_S, self._tell, answer)
                else:
                    self._others.pop(self, None)  # no crowd ousts it
                    self._tell(answer)
                return
            if self._porter.has_spent_all(self._address):
                self._is_answered = True
                self.loop.call_later(HELD_S, self._write, Told(429, SPENT_ALL))
                return
        super().data_received(data)

    def _tell(self, answer: Answer) -> None:
        self._asking = self.loop.create_task(answer())
        self._asking.add_done_callback(lambda asked: self._write(asked.result()))

    def _write(self, told: Told) -> None:
        if not self.transport.is_closing():
            self.transport.write(written(told))
            self.transport.close()

    def _has_place(self, address: str) -> bool:
        return self._shares.enter(address) or (self._replace(address) and self._shares.enter(address))

    def _replace(self, address: str) -> bool:
        """Oust one of that client's connections that nobody works for: the newest is the one that is wanted."""
        key = client_key(address)
        own = [other for other in self._others if other._address and client_key(other._address) == key]
        held = (other for other in own if other._is_held)
        chosen = next(held, None) or next((other for other in own if not other._is_worked_for), None)
        if chosen is None:
            return False
        chosen._oust(self._others[chosen])
        return True

    def _oust(self, transport: Transport) -> None:
        """End soon, not at once: that is time for a quick answer, and who is sent away at once is back at once."""
        address = self._address
        self._leave()
        if address is None or not self._ousted.enter(address):
            transport.abort()
            return
        self._ousted_address = address
        self._end.cancel()
        self._end = self.loop.call_later(HELD_S, transport.abort)

    @property
    def _is_worked_for(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _is_held(self) -> bool:
        return self._is_answered or (self._is_worked_for and is_held(self.cycle.scope))

    def _leave(self) -> None:
        self._others.pop(self, None)
        if self._address is not None:
            self._shares.leave(self._address)
            self._address = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._end.cancel()
        self._leave()
        if self._ousted_address is not None:
            self._ousted.leave(self._ousted_address)
        super().connection_lost(exc)
