"""What every request must pass, and what every answer carries.

A page from elsewhere that points its own name at this box (DNS rebinding) is turned away by its Host header.
"""

import re
from collections.abc import Callable, Collection, Container, Sequence
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import OperatorError

from .enrolment import Enrolment

SEEN_PATH = "/check/seen"
"""The one path that is served under the names of the self-test, to whoever looked one up."""

HEADERS = {
    # Everything is small and may change at the next start.
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\s:@/\[\]]+))(?::([0-9]{0,5}))?")
_LINK_LOCAL_NAME = re.compile(r"[a-z0-9-]+\.local")
_HTTP_PORT = 80
_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-proto")
_LOOPBACK = {ip_address("127.0.0.1"), ip_address("::1")}


NamesOf = Callable[[Enrolment], Collection[str]]
"""Names that lead to the box of an enrolment, lower case."""


class Guard:
    """ASGI middleware: reads the enrolment, lets in what is addressed to this box, sets HEADERS on all answers.

    `names` are those of this box beside the hostname of an enrolment.
    """

    def __init__(self, app: ASGIApp, read_enrolment: Callable[[], Enrolment], names: NamesOf) -> None:
        self._app = app
        self._read_enrolment = read_enrolment
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = HEADERS

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        app = self._app
        try:
            enrolment = self._read_enrolment()
        except OperatorError as error:
            app = PlainTextResponse(f"{error}\n", 503)
        else:
            headers = HEADERS | {"content-security-policy": policy(enrolment)}
            scope.setdefault("state", {})["enrolment"] = enrolment
            host = Headers(scope=scope).get("host", "")
            is_check = scope["path"] == SEEN_PATH and is_check_name(host, enrolment)
            names = {enrolment.hostname, "localhost", *self._names(enrolment)}
            # Who came by an address has named no name that could lead elsewhere.
            addresses = {*map(str, (*enrolment.addresses, *_LOOPBACK)), (scope.get("server") or ("",))[0]}
            if not is_check and not is_addressed(host, names, addresses):
                text = f"This box is not called that. Open {enrolment.url} instead, or add the name to web.names.\n"
                app = PlainTextResponse(text, 421)
        await app(scope, receive, send_with_headers)


def policy(enrolment: Enrolment) -> str:
    """The Content-Security-Policy: everything from here, and the self-test's one request to a name of its own."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; connect-src 'self' http://*.{enrolment.check_domain}:*"
    )


def is_addressed(host: str, names: Container[str], addresses: Container[str]) -> bool:
    """Whether a Host header (RFC 9110 7.2), with or without port, names this box.

    So does any name right below `local`: those are of this link (RFC 6762 3), no page of the internet can have one.
    """
    match = _HOST.fullmatch(host.lower())
    if match is None:
        return False
    name = (match[1] or match[2]).removesuffix(".")
    try:
        return str(ip_address(name)) in addresses
    except ValueError:
        return name in names or _LINK_LOCAL_NAME.fullmatch(name) is not None


def port_notices(headers: Headers, enrolment: Enrolment) -> Sequence[str]:
    """What to set when the page was opened on another port than the one that codes and profiles lead to.

    Nothing where it came through a proxy or a tunnel, which are no way for devices to join.
    """
    match = _HOST.fullmatch(headers.get("host", "").lower())
    if match is None or any(name in headers for name in _OF_PROXIES):
        return ()
    port = int(match[3] or _HTTP_PORT)
    if port == enrolment.web_port or (match[1] or match[2]) not in {*map(str, enrolment.addresses), enrolment.hostname}:
        return ()
    return (
        f"This page was opened on port {port}, but QR code, links and profiles lead to port {enrolment.web_port}: "
        f"if {port} is where devices find it, set HOMEDOT_WEB__PUBLIC_PORT to {port}, and HOMEDOT_DOT__PUBLIC_PORT if "
        f"{enrolment.dot_port} is published as another one too.",
    )


def is_check_name(host: str, enrolment: Enrolment) -> bool:
    """Whether a Host header is a name of the self-test."""
    match = _HOST.fullmatch(host.lower())
    return match is not None and (match[2] or "").removesuffix(".").endswith(f".{enrolment.check_domain}")
