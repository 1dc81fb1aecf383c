"""The certificate that is served, and its replacement while connections stay open."""

import logging
import ssl
from pathlib import Path

from app.errors import OperatorError
from app.files import stamp

from .counters import Count
from .tls import server_context

log = logging.getLogger(__name__)


class Certificate:
    """A context that follows `pair`, one PEM file of key and chain. Raises OperatorError if it is no good at first."""

    def __init__(self, pair: Path) -> None:
        self._pair = pair
        self._seen = stamp(pair)  # before it is read: what changes meanwhile is looked at again
        self.context: ssl.SSLContext = server_context(pair)

    def refresh(self, count: memoryview) -> None:
        """Serve what is on disk if it changed; a bad pair is refused with a reason and the old one stays.

        Always in a new context: OpenSSL would keep a certificate of each kind of key and go on serving the old one to
        most. Tickets stay good, because their keys are of another context (`tickets`).
        """
        seen = stamp(self._pair)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self.context = server_context(self._pair)
        except OperatorError as error:
            count[Count.CERTIFICATE_REFUSED] += 1
            log.error("still serving the previous certificate; the new one cannot be used: %s", error)
        else:
            count[Count.CERTIFICATE_CHANGES] += 1
            log.info("serving the new certificate")
