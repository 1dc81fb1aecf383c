"""What machines ask: does it answer, how much is going on, is this the home network?"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.errors import OperatorError

from .enrolment import PROBE_PATH

Devices = Callable[[], Awaitable[int | None]]
"""How many devices are connected now; None if the front door does not answer."""


def routes(
    healthy: Callable[[], Awaitable[bool]], metrics: Callable[[], Awaitable[str]], devices: Devices
) -> list[Route]:
    """`/healthz`, `/metrics`, and the `/probe` of the profile, 200 only where a device would be answered."""

    async def health(_: Request) -> Response:
        if await healthy():
            return PlainTextResponse("ok\n")
        return PlainTextResponse("DNS over TLS does not answer: run `homedot doctor` to see why\n", 503)

    async def counts(_: Request) -> Response:
        try:
            return PlainTextResponse(await metrics(), media_type="text/plain; version=0.0.4")
        except OperatorError as error:
            return PlainTextResponse(f"{error}\n", 503)

    async def probe(_: Request) -> Response:
        if await devices() is None:
            return PlainTextResponse("no DNS here\n", 503)
        return PlainTextResponse("ok\n")

    return [Route("/healthz", health), Route("/metrics", counts), Route(PROBE_PATH, probe)]
