"""What machines ask: does it answer, how much is going on, is this the home network?"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.errors import OperatorError

from .enrolment import PROBE_PATH
from .porter import Answer, Told, Vital

Devices = Callable[[], Awaitable[int | None]]
"""How many devices are connected now; None if the front door does not answer."""


def vital(healthy: Callable[[], Awaitable[bool]], devices: Devices) -> Vital:
    """`/healthz`, and the `/probe` of the profile, 200 only where a device would be answered."""

    async def health() -> Told:
        if await healthy():
            return Told(200, "ok\n")
        return Told(503, "DNS over TLS does not answer: run `homedot doctor` to see why\n")

    async def probe() -> Told:
        return Told(503, "no DNS here\n") if await devices() is None else Told(200, "ok\n")

    return {"/healthz": health, PROBE_PATH: probe}


def routes(vital: Vital, metrics: Callable[[], Awaitable[str]]) -> list[Route]:
    """Those of `vital`, for requests that are not as simple as theirs, and `/metrics`."""

    def plain(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def respond(_: Request) -> Response:
            told = await answer()
            return PlainTextResponse(told.text, told.status)

        return respond

    async def counts(_: Request) -> Response:
        try:
            return PlainTextResponse(await metrics(), media_type="text/plain; version=0.0.4")
        except OperatorError as error:
            return PlainTextResponse(f"{error}\n", 503)

    return [Route("/metrics", counts), *(Route(path, plain(answer)) for path, answer in vital.items())]
