"""`GET /doctor`: what the doctor found last, for people and for scripts."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from .budget import Cost
from .pages import RETRY_AFTER_S, Pages

Latest = Callable[[Callable[[], bool]], Mapping[str, Any] | str | None]
"""Gives the last report at once (the JSON document); a sentence if there can be none; None if it is being made. It asks
the callable whether it may begin another one, if it is time."""


def route(latest: Latest, pages: Pages) -> Route:
    """The route of the page. JSON is 202 while there is no report yet, and 503 with an `error` if there can be none."""

    async def doctor(request: Request) -> Response:
        found = latest(lambda: bool(request.state.spend(Cost.CHECKUP)))
        if not wants_json(request):
            return HTMLResponse(pages.doctor(found))
        if found is None:
            again = {"Retry-After": str(RETRY_AFTER_S)}
            return JSONResponse({"error": "the checks are being made: ask again"}, 202, again)
        return JSONResponse({"error": found}, 503) if isinstance(found, str) else JSONResponse(found)

    return Route("/doctor", doctor)


def wants_json(request: Request) -> bool:
    """`?format=json`, or an Accept header that names JSON; browsers name HTML."""
    if "format" in request.query_params:
        return request.query_params["format"] == "json"
    return "application/json" in request.headers.get("accept", "")
