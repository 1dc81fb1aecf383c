"""Every request costs its visitor something; who has spent all is answered late, and with 429 (RFC 6585 4).

Late, because who does not listen comes back at once. What tells whether this box is there costs nothing.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .budget import Budget, Cost
from .enrolment import PROBE_PATH
from .guard import HEADERS, SEEN_PATH

HELD_S = 1.0
_RETRY_AFTER_S = 5
_FREE = {PROBE_PATH, SEEN_PATH, "/healthz"}
_SPEND, _HELD = "spend", "held"


class SpentAll(Exception):
    """This visitor has asked for more than its share."""


class Throttle:
    """ASGI middleware, outside of everything else: what it turns away must cost little."""

    def __init__(self, app: ASGIApp, budget: Budget) -> None:
        self._app = app
        self._budget = budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        takes = partial(self._budget.takes, scope["client"][0])
        scope.setdefault("state", {})[_SPEND] = takes
        if scope["path"] in _FREE or takes(Cost.REQUEST):
            await self._app(scope, receive, send)
        else:
            await (await turn_away(Request(scope), SpentAll()))(scope, receive, send)


def spend(request: Request, cost: Cost) -> None:
    """Raises SpentAll."""
    if not request.state.spend(cost):
        raise SpentAll


async def turn_away(request: Request, _: Exception) -> Response:
    """The answer to SpentAll, after a while."""
    request.scope["state"][_HELD] = True
    await asyncio.sleep(HELD_S)
    headers = HEADERS | {"Retry-After": str(_RETRY_AFTER_S), "Connection": "close"}
    return PlainTextResponse("You asked this box for a lot at once. Wait some seconds, and try again.\n", 429, headers)


def is_held(scope: Mapping[str, Any]) -> bool:
    """Whether the request of that scope is being turned away."""
    return bool(scope["state"].get(_HELD))
