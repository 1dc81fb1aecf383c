"""What machines ask: does it answer, is it well, how much is going on, is this the home network?"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.errors import OperatorError

from .enrolment import PROBE_PATH
from .porter import Answer, Told, Vital

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


def vital(healthy: Callable[[], Awaitable[bool]], devices: Devices) -> Vital:
    """`/healthz` says whether it serves, and `/probe`, of the profile, is 200 only where a device would be answered."""

    async def health() -> Told:
        if await healthy():
            return Told(200, "ok\n")
        return Told(503, "DNS over TLS does not answer: run `homedot doctor` to see why\n")

    async def probe() -> Told:
        return Told(503, "no DNS here\n") if await devices() is None else Told(200, "ok\n")

    return {"/healthz": health, PROBE_PATH: probe}


def routes(
    vital: Vital, metrics: Callable[[], Awaitable[str]], condition: AskedCondition, status: AskedStatus
) -> list[Route]:
    """Those of `vital`, for requests that are not as simple as theirs; `/metrics`, `/readyz`, which says whether all is
    well, and `/status.json`."""

    def plain(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def respond(_: Request) -> Response:
            told = await answer()
            return PlainTextResponse(told.text, told.status)

        return respond

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

    return [
        Route("/metrics", counts),
        Route("/readyz", ready),
        Route("/status.json", told),
        *(Route(path, plain(answer)) for path, answer in vital.items()),
    ]
