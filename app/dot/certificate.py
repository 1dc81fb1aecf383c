"""The certificate that is served, and its replacement while connections stay open."""

import base64
import logging
import ssl
from pathlib import Path

from app.errors import OperatorError
from app.files import stamp

from .counters import Count
from .tls import load_pair, server_context

log = logging.getLogger(__name__)

_ALGORITHMS = (bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a864886f70d010101"))  # id-ecPublicKey, rsaEncryption


class Certificate:
    """A context that follows `pair`, one PEM file of key and chain. Raises OperatorError if it is no good at first."""

    def __init__(self, pair: Path) -> None:
        self._pair = pair
        self._seen = stamp(pair)  # before it is read: what changes meanwhile is looked at again
        self.context: ssl.SSLContext = server_context(pair)
        self._kind = _key_kind(pair)

    def refresh(self, count: memoryview) -> None:
        """Serve what is on disk if it changed; a bad pair is refused with a reason and the old one stays.

        Tickets stay good, because their keys belong to the context, and that stays. Only a key of another kind needs a
        new context: OpenSSL would keep a certificate of each kind and go on serving the old one to most.
        """
        seen = stamp(self._pair)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            kind = _key_kind(self._pair)
            if kind == self._kind:
                load_pair(self.context, self._pair)
            else:
                self.context = server_context(self._pair)
                self._kind = kind
        except OperatorError as error:
            count[Count.CERTIFICATE_REFUSED] += 1
            log.error("the new certificate is refused, the old one stays: %s", error)
        else:
            count[Count.CERTIFICATE_CHANGES] += 1
            log.info("serving the new certificate")


def _key_kind(pair: Path) -> bytes:
    """The algorithm of the private key in `pair`: its object identifier in PKCS #8 (RFC 5208 5), or nothing."""
    try:
        text = pair.read_text(encoding="ascii")
        der = base64.b64decode(text.partition("-----BEGIN PRIVATE KEY-----")[2].partition("-----END")[0])
    except (OSError, ValueError):
        return b""
    return next((identifier for identifier in _ALGORITHMS if identifier in der[:40]), b"")
