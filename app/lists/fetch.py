"""A block list's address -> its octets: HTTP with validators and deadlines, wary of where it is sent to."""

import io
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse, IncompleteRead, responses
from time import monotonic
from typing import BinaryIO, Protocol, cast
from urllib.parse import SplitResult, urljoin, urlsplit

from app import networks
from app.config.values import IPAddress
from app.errors import ListBusyError, ListError

_MOST_REDIRECTS = 5
_MOST_VALIDATOR_CHARACTERS = 256
_PIECE_OCTETS = 64 * 1024
_MOST_DIGITS = 9
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds: to connect or shake hands, between two pieces, and for everything. The last is 40 MB at 1 Mbit/s."""

    connect_s: float = 10.0
    silence_s: float = 30.0
    total_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server said about the version that we have (RFC 9110 8.8); empty where it said nothing."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """`pieces` of the list as they come; None when it has not changed since the validators (304)."""

    pieces: Iterator[bytes] | None
    validators: Validators


class Network(Protocol):
    """network.SocketNetwork."""

    def addresses(self, host: str) -> Sequence[IPAddress]: ...
    def connect(self, address: IPAddress, port: int, timeout_s: float) -> socket.socket: ...


@contextmanager
def fetch(
    url: str, known: Validators, network: Network, tls: ssl.SSLContext, deadlines: Deadlines | None = None
) -> Iterator[Response]:
    """Get `url`. Raises ListError, also while `pieces` are read, that says what is wrong with the server's answer."""
    request = _Request(known, network, tls, deadlines or Deadlines())
    try:
        with request.response(url) as response:
            yield response
    except TimeoutError as error:
        raise ListError("the server is silent") from error
    except ssl.SSLCertVerificationError as error:
        raise ListError(f"its certificate is not valid: {error.verify_message}") from error
    except IncompleteRead:
        raise ListError("ends in the middle: the server promised more") from None
    except HTTPException as error:
        raise ListError(f"this is not HTTP: {type(error).__name__}") from error
    except OSError as error:
        raise ListError(f"cannot be reached: {error.strerror or error}") from error


class _Request:
    """One download, over all of its redirects."""

    def __init__(self, known: Validators, network: Network, tls: ssl.SSLContext, deadlines: Deadlines) -> None:
        self._known = known
        self._network = network
        self._tls = tls
        self._deadlines = deadlines
        self._end_s = monotonic() + deadlines.total_s
        self._began_at_home: bool | None = None

    @contextmanager
    def response(self, url: str) -> Iterator[Response]:
        for _ in range(_MOST_REDIRECTS + 1):
            target = _target(url)
            with self._connected(target) as connection:
                connection.sendall(self._head(target))
                with HTTPResponse(cast(socket.socket, _Timed(connection, self._deadlines, self._end_s))) as answer:
                    answer.begin()
                    location = answer.headers.get("location", "")
                    if answer.status not in _REDIRECTS or not location:
                        yield self._checked(answer)
                        return
            url = _redirected(url, location)
        raise ListError(f"leads from address to address, more than {_MOST_REDIRECTS} times")

    def _connected(self, target: SplitResult) -> socket.socket:
        host = target.hostname or ""
        port = target.port or (443 if target.scheme == "https" else 80)
        failure: OSError | None = None
        for address in self._reachable(host):
            try:
                connection = self._network.connect(address, port, self._patience_s())
            except OSError as error:
                failure = error
                continue
            if target.scheme == "http":
                return connection
            connection.settimeout(self._patience_s())
            return self._tls.wrap_socket(connection, server_hostname=host)
        raise failure or ListError(f"{host}: it has no address")

    def _reachable(self, host: str) -> Sequence[IPAddress]:
        """Its addresses; not those of a home when the operator named a server on the internet."""
        addresses = self._network.addresses(host)
        outside = [address for address in addresses if not networks.within(networks.meant(address), networks.SPECIAL)]
        if self._began_at_home is None:
            self._began_at_home = not outside
        if self._began_at_home:
            return addresses
        if not outside:
            raise ListError(f"leads to {host}, which is an address inside a home or this machine: refused")
        return outside

    def _patience_s(self) -> float:
        return max(min(self._deadlines.connect_s, self._end_s - monotonic()), 0.001)

    def _head(self, target: SplitResult) -> bytes:
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        lines = [f"GET {path} HTTP/1.1", f"Host: {target.netloc}", "User-Agent: homedot"]
        lines += ["Accept-Encoding: gzip", "Connection: close"]
        lines += [f"If-None-Match: {self._known.etag}"] if self._known.etag else []
        lines += [f"If-Modified-Since: {self._known.last_modified}"] if self._known.last_modified else []
        return "\r\n".join([*lines, "", ""]).encode("ascii")

    def _checked(self, answer: HTTPResponse) -> Response:
        if answer.status == 304 and self._known != Validators():
            return Response(None, self._known)
        if answer.status != 200:
            told = f"the server answers {answer.status} {responses.get(answer.status, '')}".rstrip()
            later_s = _seconds_of(answer.headers.get("retry-after", ""))
            raise ListBusyError(told, later_s) if later_s > 0 else ListError(told)
        if answer.headers.get_content_type() in {"text/html", "application/xhtml+xml"}:
            raise ListError("is a web page, not a list")
        if answer.headers.get("content-encoding", "identity").lower() not in {"identity", "gzip", "x-gzip"}:
            raise ListError("comes packed in a way that was not asked for")
        validators = Validators(*(_validator(answer.headers.get(name, "")) for name in ("etag", "last-modified")))
        return Response(_pieces(answer), validators)


class _Timed(io.RawIOBase):
    """A connection as HTTPResponse wants it, each of whose reads ends in time."""

    def __init__(self, connection: socket.socket, deadlines: Deadlines, end_s: float) -> None:
        self._connection = connection
        self._deadlines = deadlines
        self._end_s = end_s

    def makefile(self, _: str) -> BinaryIO:
        return io.BufferedReader(self, _PIECE_OCTETS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        left_s = self._end_s - monotonic()
        late = ListError(f"takes longer than {self._deadlines.total_s:.0f} s")
        if left_s <= 0:
            raise late
        self._connection.settimeout(min(self._deadlines.silence_s, left_s))
        try:
            return self._connection.recv_into(buffer)
        except TimeoutError:
            if left_s > self._deadlines.silence_s:
                raise
            raise late from None


def _pieces(answer: HTTPResponse) -> Iterator[bytes]:
    while piece := _piece(answer):
        yield piece
    if answer.length:
        raise ListError("ends in the middle: the server promised more")


def _piece(answer: HTTPResponse) -> bytes:
    try:
        return answer.read1(_PIECE_OCTETS)
    except TimeoutError:
        raise
    except OSError as error:
        raise ListError(f"ends in the middle: {error.strerror or error}") from error


def _seconds_of(retry_after: str) -> float:
    """From now, as a number or as a date (RFC 9110 10.2.3); 0 for what is neither or over."""
    if retry_after.isascii() and retry_after.isdecimal() and len(retry_after) <= _MOST_DIGITS:
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
        return max((at - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _target(url: str) -> SplitResult:
    """`url` in its parts. Raises ListError for what cannot be asked for; settings have been checked, redirects not."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or not (url.isascii() and url.isprintable()) or " " in url or "@" in parts.netloc:
        raise ListError("leads to something that is no address of a list")
    return parts


def _redirected(url: str, location: str) -> str:
    try:
        new = urljoin(url, location)
    except ValueError:
        raise ListError("leads to something that is no address of a list") from None
    if url.startswith("https:") and not new.startswith("https:"):
        raise ListError("leads from https to an address without it: refused")
    return new


def _validator(value: str) -> str:
    """What may go into a later request as it came."""
    return value if len(value) <= _MOST_VALIDATOR_CHARACTERS and value.isascii() and value.isprintable() else ""
