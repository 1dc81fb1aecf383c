"""The certificates that are served, and their replacement while connections stay open."""

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

from app.errors import OperatorError
from app.files import stamp

from .counters import Count
from .tls import server_context

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Contexts:
    """`own` for everybody, but for those who ask for the name `name`, or for one a label below it: they get `public`
    while there is one."""

    own: ssl.SSLContext
    name: bytes = b""
    public: ssl.SSLContext | None = None

    def of(self, server_name: bytes) -> ssl.SSLContext:
        """For who asks for that name, in lower case, empty if for none (RFC 6066 3)."""
        if self.public is None or not server_name.endswith(self.name):
            return self.own
        label = server_name[: -len(self.name)]
        is_named = not label or (label.endswith(b".") and label.count(b".") == 1)
        return self.public if is_named else self.own


class Certificate:
    """Contexts that follow `pair`, one PEM file of key and chain, and `public`, which may be none, for the name `name`.

    Raises OperatorError if `pair` is no good at first.
    """

    def __init__(self, pair: Path, public: Path | None = None, name: str | None = None) -> None:
        self._pair, self._public = pair, public if name else None
        self._seen = stamp(pair)  # before it is read: what changes meanwhile is looked at again
        self._public_seen: object = None
        self.contexts = Contexts(server_context(pair), (name or "").encode())
        self._look_at_public(None)

    @property
    def context(self) -> ssl.SSLContext:
        """The box's own."""
        return self.contexts.own

    def refresh(self, count: memoryview) -> None:
        """Serve what is on disk if it changed; a bad pair is refused with a reason and the old one stays.

        Always in a new context: OpenSSL would keep a certificate of each kind of key and go on serving the old one to
        most. Tickets stay good, because their keys are of another context (`tickets`).
        """
        self._look_at_public(count)
        seen = stamp(self._pair)
        if seen == self._seen:
            return
        self._seen = seen
        own = _changed(self._pair, count, "the")
        if own is not None:
            self.contexts = Contexts(own, self.contexts.name, self.contexts.public)

    def _look_at_public(self, count: memoryview | None) -> None:
        """One that is gone is served no more: it has ended, and the box's own is better."""
        if self._public is None or (seen := stamp(self._public)) == self._public_seen:
            return
        self._public_seen = seen
        public = _changed(self._public, count, "the public name's") if seen else None
        if public is not None or not seen:
            self.contexts = Contexts(self.contexts.own, self.contexts.name, public)


def _changed(pair: Path, count: memoryview | None, whose: str) -> ssl.SSLContext | None:
    """The new one, None if it is no good. Without `count` it is the first."""
    try:
        context = server_context(pair)
    except OperatorError as error:
        if count is not None:
            count[Count.CERTIFICATE_REFUSED] += 1
        log.error("still serving %s previous certificate; the new one cannot be used: %s", whose, error)
        return None
    if count is not None:
        count[Count.CERTIFICATE_CHANGES] += 1
        log.info("serving %s new certificate", whose)
    return context
