"""The self-test: did this browser's look-up come through here, and was it encrypted?

The browser looks up a name that nobody else can answer; the front door remembers how the question came; the page asks
for that one name. A nonce is a secret of the browser that got it, so nobody learns anything about others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.config.values import IPAddress
from app.errors import OperatorError

from .budget import Cost
from .enrolment import Enrolment
from .guard import SEEN_PATH
from .throttle import spend

Arrival = Mapping[str, Any]
"""How a question came: `transport` ("tls", "tcp" or "udp"), `client` (address); with TLS `version`, `cipher`, `alpn`
(text or None) and `resumed`."""


_ELSEWHERE = (
    "This browser asked another resolver. Follow the steps for this device. If they are done: switch off a VPN, the "
    "browser's own secure DNS (DNS over HTTPS) and iCloud Private Relay, join the home network, and test again."
)
_PLAIN = "Anybody in this network can read and change the answers. Follow the steps for this device, and test again."
_PLAIN_RELAYED = (
    "The question came from {client}, which is not this device: your router asks this box in plain DNS. Set up this "
    "device itself, or give the router the ready lines for it."
)
_TLS = "Nobody between this device and this box can read or change what it asks."
_TLS_RELAYED = (
    "The question came from {client}, which is not this device: between the two it may be unencrypted. Set up this "
    "device itself to be sure."
)


class Checks(Protocol):
    """The front door's memory. Both raise OperatorError if it does not answer."""

    async def new(self) -> str:
        """A nonce, one DNS label."""

    async def look(self, nonce: str) -> Arrival | None:
        """How the look-up of that nonce came; None if there was none, or it is too long ago."""


@dataclass(frozen=True, slots=True)
class SelfTestResult:
    """`kind` is "encrypted", "plain" or "elsewhere"; `todo` is for the person; `facts` are label and value."""

    kind: str
    title: str
    todo: str
    facts: tuple[tuple[str, str], ...] = ()


def routes(checks: Checks) -> list[Route]:
    """`/check/new`, `/check/NONCE` and what the browser fetches from under the name it looked up."""

    async def new(request: Request) -> Response:
        enrolment: Enrolment = request.state.enrolment
        spend(request, Cost.NONCE)
        try:
            nonce = await checks.new()
        except OperatorError as error:
            return JSONResponse({"error": str(error)}, 503)
        return JSONResponse({"nonce": nonce, "host": f"{nonce}.{enrolment.check_domain}", "path": SEEN_PATH})

    async def seen(_: Request) -> Response:
        return Response(status_code=204)

    async def look(request: Request) -> Response:
        try:
            arrival = await checks.look(request.path_params["nonce"])
        except OperatorError as error:
            return JSONResponse({"error": str(error)}, 503)
        verdict = judge(arrival, request.client.host if request.client else None)
        return JSONResponse(
            {"kind": verdict.kind, "title": verdict.title, "todo": verdict.todo, "facts": [*map(list, verdict.facts)]}
        )

    return [Route("/check/new", new), Route(SEEN_PATH, seen), Route("/check/{nonce}", look)]


def judge(arrival: Arrival | None, browser: str | None) -> SelfTestResult:
    """What an arrival means for the person at the browser, whose address is `browser`. Pure."""
    if arrival is None:
        return SelfTestResult("elsewhere", "Not through this box.", _ELSEWHERE)
    client = str(arrival["client"])
    is_relayed = browser is not None and _are_two_machines(client, browser)
    if arrival["transport"] != "tls":
        todo = _PLAIN_RELAYED.format(client=client) if is_relayed else _PLAIN
        plain = (("Transport", f"plain DNS over {str(arrival['transport']).upper()}"), ("From", client))
        return SelfTestResult("plain", "Through this box, but not encrypted.", todo, plain)
    facts = (
        ("Transport", f"DNS over TLS, {str(arrival['version']).replace('v', ' ')}"),
        ("Cipher", str(arrival["cipher"])),
        ("ALPN", str(arrival["alpn"] or "none offered")),
        ("Session", "resumed" if arrival["resumed"] else "new"),
        ("From", client),
    )
    if is_relayed:
        return SelfTestResult("encrypted", "Encrypted, by another machine.", _TLS_RELAYED.format(client=client), facts)
    return SelfTestResult("encrypted", "Encrypted.", _TLS, facts)


def _are_two_machines(one: str, other: str) -> bool:
    """True if the addresses are of one family and differ; a machine has one of each family, and more of IPv6."""
    first, second = _unmapped(one), _unmapped(other)
    return first.version == second.version == 4 and first != second


def _unmapped(text: str) -> IPAddress:
    address = ip_address(text)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
