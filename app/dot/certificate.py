"""The certificate that is served, and its replacement while connections stay open."""

import logging
import ssl
from pathlib import Path

from app.errors import OperatorError

from .counters import Count
from .tls import load_pair, server_context

log = logging.getLogger(__name__)


class Certificate:
    """A context that follows `pair`, one PEM file of key and chain. Raises OperatorError if it is no good at first."""

    def __init__(self, pair: Path) -> None:
        self.context: ssl.SSLContext = server_context(pair)
        self._pair = pair
        self._seen = _stamp(pair)

    def refresh(self, count: memoryview) -> None:
        """Serve what is on disk if it changed; a bad pair is refused with a reason and the old one stays.

        Tickets stay good: the keys belong to the context, which is the same.
        """
        stamp = _stamp(self._pair)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            load_pair(self.context, self._pair)
        except OperatorError as error:
            count[Count.CERTIFICATE_REFUSED] += 1
            log.error("the new certificate is refused, the old one stays: %s", error)
        else:
            count[Count.CERTIFICATE_CHANGES] += 1
            log.info("serving the new certificate")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
