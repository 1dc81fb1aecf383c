"""What one worker of the front door listens on."""

import logging
import socket
from collections.abc import Iterable
from functools import partial

from app.config.settings import Settings
from app.config.values import IPAddress
from app.dot.listener import STREAM_OPTIONS
from app.errors import OperatorError
from app.holders import holders
from app.ports import bound_sockets, is_partial

from . import paths

log = logging.getLogger("homedot")


class FrontSockets:
    """The first worker takes the ports, and the others join it.

    Plain DNS is on the port that others have too, each on an address of its own: where one of them is in the way, only
    this box's addresses are bound. Raises OperatorError.
    """

    def __init__(self, settings: Settings, worker: int) -> None:
        listening = partial(bound_sockets, shared=settings.dot.workers > 1, joins=worker > 0)
        streams, datagrams = partial(listening, options=STREAM_OPTIONS), partial(listening, kind=socket.SOCK_DGRAM)
        plain, instead = settings.plain, partial(_addresses, settings)
        self.dot = streams(settings.dot.port, "dot.port")
        self.plain = streams(plain.port, "plain.port", instead=instead) if plain.enabled else []
        self.datagrams = datagrams(plain.port, "plain.port", instead=instead) if plain.enabled else []
        self._known = set(_addresses(settings)) if is_partial((*self.plain, *self.datagrams)) else None
        if self._known is not None and worker == 0:
            bound = sorted({each.getsockname()[0] for each in (*self.plain, *self.datagrams)})
            others = [each for each in holders(plain.port) if each.split()[0] not in bound]
            log.warning(
                "plain.port: %d is taken on %s by another program: plain DNS is answered on %s alone",
                plain.port, ", ".join(others) or "an address", ", ".join(bound),
            )  # fmt: skip

    def lacks(self, addresses: Iterable[IPAddress]) -> bool:
        """Whether this box has got an address on which plain DNS is not answered: a restart binds that too."""
        missing = set[str]() if self._known is None else {str(address) for address in addresses} - self._known
        if missing:
            log.info("this box has another address: the front door starts anew for plain DNS on %s", ", ".join(missing))
        return bool(missing)

    def close(self) -> None:
        for bound in (*self.dot, *self.plain, *self.datagrams):
            bound.close()


def _addresses(settings: Settings) -> list[str]:
    try:
        return [str(address) for address in paths.read_enrolment(settings).addresses]
    except OperatorError:
        return []
