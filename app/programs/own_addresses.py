"""Where another program has a port on one address, this box's own are bound: how that is told and followed."""

import logging
import socket
from collections.abc import Iterable, Sequence

from app.config.settings import Settings
from app.errors import OperatorError
from app.holders import EVERY_ADDRESS, holders
from app.networks import HEALTH_CHECK

from . import paths

log = logging.getLogger("homedot")

_ANSWERED = {"dot.port": "DNS over TLS", "plain.port": "plain DNS", "web.port": "the setup page"}
_EVERY = {"0.0.0.0": "every address of IPv4", "::": "every one of IPv6"}


class OwnAddresses:
    """Called for what to bind instead of every address; from then on it is known which they were."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: set[str] | None = None

    def __call__(self) -> list[str]:
        """The addresses for devices, and the one at which the health check asks, which is nobody else's."""
        try:
            known = [str(address) for address in paths.read_enrolment(self._settings).addresses]
        except OperatorError:
            return []
        self._known = set(known)
        return [*known, HEALTH_CHECK]

    def tell(self, setting: str, port: int, sockets: Sequence[socket.socket]) -> None:
        """Log who has the port elsewhere, if not every address is bound."""
        bound = sorted({each.getsockname()[0] for each in sockets} - {HEALTH_CHECK})
        if set(bound) <= _EVERY.keys():
            return
        shown = ", ".join(_EVERY.get(each, each) for each in bound)
        ours = {*bound, HEALTH_CHECK} | ({EVERY_ADDRESS} if _EVERY.keys() & set(bound) else set())
        others = [each for each in holders(port) if each.partition(" (")[0] not in ours]
        log.warning(
            "%s: %d is taken on %s by another program: %s is answered on %s alone",
            setting, port, ", ".join(others) or "an address", _ANSWERED[setting], shown,
        )  # fmt: skip

    def lacks(self, addresses: Iterable[object]) -> bool:
        """Whether this box has got an address that is not bound: a restart binds that too."""
        missing = set[str]() if self._known is None else {str(address) for address in addresses} - self._known
        if missing:
            log.info("this box has another address: starting anew to answer on %s too", ", ".join(sorted(missing)))
        return bool(missing)
