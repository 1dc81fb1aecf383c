"""One request to a provider over HTTPS: its answer, or one sentence that says why there is none.

No exception's own words are told: they may hold the address, and an address may hold a token.
"""

import json
import socket
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from app.errors import PublicNameError
from app.text import printable

from .contract import Resolve

TIMEOUT_S = 20.0
_MOST_OCTETS = 1 << 18
_MOST_WAIT_S = 8 * 86400.0
"""What is told to wait longer is not meant, or its clock is wrong; the limits of authorities are of a week at most."""
_MOST_CHARACTERS = 200
_BUSY = (429, 503)


class Reply(NamedTuple):
    """`retry_after_s` is 0 if it says nothing of that."""

    status: int
    body: bytes
    retry_after_s: float

    def tree(self) -> Any:
        """Its JSON. Raises ValueError."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("too deep") from error


class ApiClient:
    """Asks servers whose certificates `roots_pem` vouches for; `resolve` finds them."""

    def __init__(self, resolve: Resolve, roots_pem: str, timeout_s: float = TIMEOUT_S) -> None:
        self._resolve = resolve
        self._timeout_s = timeout_s
        self._context = ssl.create_default_context(cadata=roots_pem)

    def ask(self, method: str, url: str, headers: Mapping[str, str] | None = None, content: object = None) -> Reply:
        """The answer, whatever its status but 429 and 503. `content` is sent as JSON. Raises PublicNameError."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        all_headers = {"User-Agent": "homedot", "Accept": "application/json", **(headers or {})}
        body = None
        if content is not None:
            body, all_headers["Content-Type"] = json.dumps(content).encode(), "application/json"
        connection = _ToOneOf(
            host, parts.port or 443, self._resolve(host), context=self._context, timeout_s=self._timeout_s
        )
        try:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, path or "/", body, all_headers)
            answer = connection.getresponse()
            content_read = answer.read(_MOST_OCTETS)
        except (OSError, HTTPException) as error:
            raise PublicNameError(f"{host} {_why(error)}; it is tried again") from None
        finally:
            connection.close()
        reply = Reply(answer.status, content_read, retry_after_s(answer.headers.get("Retry-After")))
        if reply.status in _BUSY:
            told = f"{host} wants to be asked less often (status {reply.status}); it is tried again later"
            raise PublicNameError(told, retry_after_s=reply.retry_after_s)
        return reply


class _ToOneOf(HTTPSConnection):
    """To one of `addresses`, with the certificate of `host`."""

    def __init__(
        self, host: str, port: int, addresses: Sequence[str], *, context: ssl.SSLContext, timeout_s: float
    ) -> None:
        super().__init__(host, port, timeout=timeout_s, context=context)
        self._addresses = addresses
        self._tls = context

    def connect(self) -> None:
        failed: OSError | None = None
        for address in self._addresses:
            try:
                plain = socket.create_connection((address, self.port), self.timeout)
                self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
            except OSError as error:
                failed = error
            else:
                return
        raise failed or OSError("no address")


def unexpected(host: str, reply: Reply) -> PublicNameError:
    """For an answer that no document speaks of."""
    return PublicNameError(f"{host} answered with what nobody expects (status {reply.status}); it is tried again")


def said(text: object) -> str:
    """Somebody else's words, short and in one line."""
    return printable(str(text), _MOST_CHARACTERS)


def retry_after_s(header: str | None, now: datetime | None = None) -> float:
    """Seconds from `now` (RFC 9110 10.2.3): a number of them or a date; 0 if it is neither, eight days at most."""
    try:
        told = float(int(header or "0"))
    except ValueError:
        try:
            when = parsedate_to_datetime(header or "")
            told = (when.replace(tzinfo=when.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return min(max(told, 0.0), _MOST_WAIT_S)


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"shows a certificate that is not trusted here ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "does not answer in time"
    if isinstance(error, OSError):
        return f"cannot be reached ({error.strerror or type(error).__name__})"
    return "answered with what is no HTTP"
