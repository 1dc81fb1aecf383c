"""The setup page, and what a device downloads from it. HTTP, because no device trusts this box yet.

Read-only: GET and HEAD, no cookies, no scripts, nothing secret. A page from elsewhere that points its own name at this
box (DNS rebinding) is turned away by its Host header.
"""

import errno
import logging
import re
import socket
from asyncio import Transport
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from ipaddress import ip_address

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.errors import OperatorError

from . import checks, profile, qr
from .enrolment import PROFILE_PATH, Enrolment
from .pages import Pages

log = logging.getLogger(__name__)

HEADERS = {
    # Everything is small and may change at the next start.
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_BACKLOG = 32  # as many are accepted in one go, and as many lines logged when descriptors run out
_CONNECTIONS = 256  # beyond, uvicorn answers 503: a home has fewer devices, and a flood costs bounded memory
LIFETIME = 30  # seconds; the whole page takes less than one
_HEAD_BYTES = 8192  # request line and headers; browsers send less than 1 KiB
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\s:@/\[\]]+))(?::[0-9]*)?")
_LOOPBACK = {ip_address("127.0.0.1"), ip_address("::1")}


def application(
    read_enrolment: Callable[[], Enrolment],
    healthy: Callable[[], Awaitable[bool]],
    metrics: Callable[[], Awaitable[str]],
    doctor: checks.Latest,
    signed: Callable[[bytes], bytes],
) -> Starlette:
    """The ASGI application. `read_enrolment` is asked at every request, so that a changed address shows at once.

    If it raises OperatorError, every path answers 503 with the reason. `healthy` says whether DNS over TLS answers;
    `metrics` gives the text of /metrics, or raises OperatorError. `signed` gives a profile's signed form, or the
    profile itself if it has none: no key is in reach of this process.
    """
    pages = Pages()

    async def index(request: Request) -> Response:
        return HTMLResponse(pages.index(_enrolment(request), datetime.now(UTC)))

    async def mobileconfig(request: Request) -> Response:
        return Response(
            signed(profile.mobileconfig(_enrolment(request))),
            headers={"Content-Disposition": "attachment; filename=homedot.mobileconfig"},
            media_type=profile.CONTENT_TYPE,
        )

    async def health(_: Request) -> Response:
        if await healthy():
            return PlainTextResponse("ok\n")
        return PlainTextResponse("DNS over TLS does not answer: run `homedot doctor` to see why\n", 503)

    async def counts(_: Request) -> Response:
        try:
            return PlainTextResponse(await metrics(), media_type="text/plain; version=0.0.4")
        except OperatorError as error:
            return PlainTextResponse(f"{error}\n", 503)

    async def stylesheet(_: Request) -> Response:
        return Response(pages.style, media_type="text/css")

    return Starlette(
        routes=[
            Route("/", index),
            Route("/style.css", stylesheet),
            Route("/qr.svg", _qr),
            Route(PROFILE_PATH, mobileconfig),
            Route("/ca.pem", _root_pem),
            Route("/ca.der", _root_der),
            Route("/healthz", health),
            Route("/metrics", counts),
            checks.route(doctor, pages),
        ],
        middleware=[Middleware(Guard, read_enrolment=read_enrolment)],
        exception_handlers={Exception: _failed},
    )


class Guard:
    """ASGI middleware: reads the enrolment, lets in what is addressed to this box, sets HEADERS on all answers."""

    def __init__(self, app: ASGIApp, read_enrolment: Callable[[], Enrolment]) -> None:
        self._app = app
        self._read_enrolment = read_enrolment

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        app = self._app
        try:
            enrolment = self._read_enrolment()
        except OperatorError as error:
            app = PlainTextResponse(f"{error}\n", 503)
        else:
            scope.setdefault("state", {})["enrolment"] = enrolment
            if not is_addressed(Headers(scope=scope).get("host", ""), enrolment):
                app = PlainTextResponse(f"This box is not called that. Open {enrolment.url} instead.\n", 421)
        await app(scope, receive, send_with_headers)


def is_addressed(host: str, enrolment: Enrolment) -> bool:
    """Whether a Host header (RFC 9110 7.2), with or without port, names this box: by address, host name or loopback."""
    match = _HOST.fullmatch(host.lower())
    if match is None:
        return False
    name = match[1] or match[2]
    try:
        return ip_address(name) in {*enrolment.addresses, *_LOOPBACK}
    except ValueError:
        return name.removesuffix(".") in {enrolment.hostname, "localhost"}


def serve(app: Starlette, port: int) -> None:
    """Serve on all addresses until SIGTERM or SIGINT, which then ends the process within about two seconds.

    Port 0 takes a free one; the log says which. Raises OperatorError if the port cannot be had.
    """
    listener = listen(port)
    log.info("the setup page is on port %d", listener.getsockname()[1])
    config = Config(
        app,
        loop="asyncio",
        http=_Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        backlog=_BACKLOG,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=_HEAD_BYTES,
    )
    Server(config).run(sockets=[listener])


class _Connection(H11Protocol):
    """uvicorn waits without end for a first request, and for the rest of a slow one: this ends every connection."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > 2 * _CONNECTIONS:
            transport.abort()  # an answer of 503 to each would let a flood take all descriptors
        self._end = self.loop.call_later(LIFETIME, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end.cancel()
        super().connection_lost(exc)


def listen(port: int) -> socket.socket:
    """A listening socket on all addresses: IPv4 and IPv6, or IPv4 alone on a host without IPv6.

    Raises OperatorError if the port cannot be had.
    """
    try:
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    except (OSError, ValueError) as error:
        # Both mean a host without IPv6; ValueError is how create_server says that it cannot do dual stack.
        if isinstance(error, OSError) and error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            raise _unavailable(port, error) from None
    try:
        return socket.create_server(("", port))
    except OSError as error:
        raise _unavailable(port, error) from None


def _unavailable(port: int, error: OSError) -> OperatorError:
    if error.errno == errno.EADDRINUSE:
        return OperatorError(f"web.port: {port} is in use by another program: stop that one, or set another web.port")
    reason = errno.errorcode.get(error.errno or 0, "unknown error")
    return OperatorError(f"web.port: cannot listen on {port} ({reason}): set another web.port, 1024 or more")


def _enrolment(request: Request) -> Enrolment:
    enrolment: Enrolment = request.state.enrolment
    return enrolment


async def _root_pem(request: Request) -> Response:
    return Response(_root(_enrolment(request).root_pem), media_type="application/x-pem-file")


async def _root_der(request: Request) -> Response:
    return Response(_root(_enrolment(request).root_der), media_type="application/x-x509-ca-cert")


def _root(content: str | bytes | None) -> str | bytes:
    if content is None:
        raise HTTPException(
            404, "This box uses a certificate of its owner (tls.certificate): there is no root to install.\n"
        )
    return content


async def _qr(request: Request) -> Response:
    url = _enrolment(request).profile_url
    if url is None:
        raise HTTPException(404, "The setup page is off: set web.enabled to true.\n")
    return Response(qr.svg(url), media_type="image/svg+xml")


async def _failed(_: Request, __: Exception) -> Response:
    """The last resort, outside of Guard; the error itself goes to the log."""
    return PlainTextResponse("This page failed: the log of the box says why.\n", 500, HEADERS)
