"""Every request costs its visitor something; who has spent all is answered late, and with 429 (RFC 6585 4).

Late, because who does not listen comes back at once. Most are turned away at the door already (`porter`), where what
tells whether this box is there is answered too. Those that are let in begin one at a time, so that the door is never
far away.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .budget import Budget, Cost
from .enrolment import PROBE_PATH
from .guard import HEADERS, SEEN_PATH
from .porter import RETRY_AFTER_S, SPENT_ALL

HELD_S = 1.0
_VITAL = {PROBE_PATH, "/healthz"}
_SPEND, _HELD = "spend", "held"


class SpentAll(Exception):
    """This visitor has asked for more than its share."""


class Throttle:
    """ASGI middleware, outside of everything else: what it turns away must cost little."""

    def __init__(self, app: ASGIApp, budget: Budget) -> None:
        self._app = app
        self._budget = budget
        self._of_vital = budget.another()
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        takes = partial(self._budget.takes, scope["client"][0])
        scope.setdefault("state", {})[_SPEND] = takes
        if scope["path"] in _VITAL:  # in a form that is not answered at the door
            if not self._of_vital.takes(scope["client"][0], Cost.REQUEST):
                scope["state"][_HELD] = True
                await asyncio.sleep(HELD_S)
            await self._app(scope, receive, send)
        elif scope["path"] == SEEN_PATH or takes(Cost.REQUEST):
            await self._turn()
            await self._app(scope, receive, send)
        else:
            await (await turn_away(Request(scope), SpentAll()))(scope, receive, send)

    async def _turn(self) -> None:
        """Until those before have begun; between two of them the loop looks at everything else."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            loop.call_soon(self._next, loop)
        await turn

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        turn = self._waiting.popleft()
        if not turn.done():  # or who asked has left
            turn.set_result(None)
        if self._waiting:
            loop.call_soon(self._next, loop)


def spend(request: Request, cost: Cost) -> None:
    """Raises SpentAll."""
    if not request.state.spend(cost):
        raise SpentAll


async def turn_away(request: Request, _: Exception) -> Response:
    """The answer to SpentAll, after a while."""
    request.scope["state"][_HELD] = True
    await asyncio.sleep(HELD_S)
    headers = HEADERS | {"Retry-After": str(RETRY_AFTER_S), "Connection": "close"}
    return PlainTextResponse(SPENT_ALL, 429, headers)


def is_held(scope: Mapping[str, Any]) -> bool:
    """Whether the request of that scope is being turned away."""
    return bool(scope["state"].get(_HELD))
