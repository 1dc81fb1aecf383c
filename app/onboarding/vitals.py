"""What machines ask: does it answer, is it well, how much is going on, is this the home network?"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.errors import OperatorError

from .enrolment import PROBE_PATH

Devices = Callable[[], Awaitable[int | None]]
"""How many devices are connected now; None if the front door does not answer."""


class Health(NamedTuple):
    """How this box is: the sentence, and whether that is well; neither well nor unwell is what nobody can tell."""

    text: str
    is_well: bool
    is_unwell: bool


AskedCondition = Callable[[], Awaitable[Health]]
AskedStatus = Callable[[], Awaitable[Mapping[str, Any]]]
"""What `homedot status --json` prints."""


def routes(
    healthy: Callable[[], Awaitable[bool]],
    metrics: Callable[[], Awaitable[str]],
    devices: Devices,
    condition: AskedCondition,
    status: AskedStatus,
) -> list[Route]:
    """`/healthz` says whether it serves, `/readyz` whether it is well; `/metrics`, `/status.json`, and the `/probe` of
    the profile, 200 only where a device would be answered."""

    async def health(_: Request) -> Response:
        if await healthy():
            return PlainTextResponse("ok\n")
        return PlainTextResponse("DNS over TLS does not answer: run `homedot doctor` to see why\n", 503)

    async def ready(_: Request) -> Response:
        health = await condition()
        return PlainTextResponse(f"{health.text}\n", 200 if health.is_well else 503)

    async def told(_: Request) -> Response:
        return JSONResponse(await status())

    async def counts(_: Request) -> Response:
        try:
            return PlainTextResponse(await metrics(), media_type="text/plain; version=0.0.4")
        except OperatorError as error:
            return PlainTextResponse(f"{error}\n", 503)

    async def probe(_: Request) -> Response:
        if await devices() is None:
            return PlainTextResponse("no DNS here\n", 503)
        return PlainTextResponse("ok\n")

    return [
        Route("/healthz", health),
        Route("/readyz", ready),
        Route("/metrics", counts),
        Route("/status.json", told),
        Route(PROBE_PATH, probe),
    ]
