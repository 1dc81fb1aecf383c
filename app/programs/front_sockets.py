"""What one worker of the front door listens on."""

import socket
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from app.config.settings import Settings
from app.config.values import IPAddress
from app.dot.listener import STREAM_OPTIONS
from app.ports import bound_sockets

from .own_addresses import OwnAddresses


class FrontSockets:
    """The first worker takes the ports, and the others join it.

    Others may have a port too, each on an address of its own: where one of them is in the way, only this box's
    addresses are bound. Raises OperatorError.
    """

    def __init__(self, settings: Settings, worker: int) -> None:
        self._own = OwnAddresses(settings)
        listening = partial(bound_sockets, shared=settings.dot.workers > 1, joins=worker > 0, instead=self._own)
        streams, datagrams = partial(listening, options=STREAM_OPTIONS), partial(listening, kind=socket.SOCK_DGRAM)
        dot, plain = settings.dot, settings.plain
        self.dot = streams(dot.port, "dot.port")
        self.plain = streams(plain.port, "plain.port") if plain.enabled else []
        self.datagrams = datagrams(plain.port, "plain.port") if plain.enabled else []
        if worker == 0:
            self._own.tell("dot.port", dot.port, self.dot)
            if plain.enabled:
                self._own.tell("plain.port", plain.port, (*self.plain, *self.datagrams))

    def lacks(self, addresses: Iterable[IPAddress]) -> bool:
        """Whether this box has got an address on which it is not answered: a restart binds that too."""
        return self._own.lacks(addresses)

    def rest(self) -> None:
        """Whoever connects goes to other workers, until one listens here again."""
        for bound in (*self.dot, *self.plain):
            with suppress(OSError):  # it rests already
                bound.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for bound in (*self.dot, *self.plain, *self.datagrams):
            bound.close()


def close(workers: Iterable[FrontSockets]) -> None:
    """Those of each."""
    for sockets in workers:
        sockets.close()
