"""`/blocking`: what becomes of a name, what is known about the lists, and a pause for whoever has the token."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.config.values import domain
from app.errors import OperatorError

from . import token
from .budget import Budget, Cost, client_key
from .throttle import spend

PATH = "/blocking"
PAUSE_PATH = "/blocking/pause"
PAUSES = {"5m": (300, "5 minutes"), "30m": (1800, "30 minutes"), "2h": (7200, "2 hours")}
"""What may be chosen: seconds, and the words for it."""

_RESUME = "0"
_MOST_BODY_OCTETS = 1024
_MOST_FIELDS = 4
_MOST_SEARCHES = 4
"""At once, and one of each visitor: each asks the front door, and unbound if nobody has spoken for the name."""

_TOO_MANY = "Too many are searching just now. Search again."
_NO_NAME = "That is no name. Enter one like www.example.com."
_MISTYPED = "That is not the token: `docker compose exec homedot homedot token` prints it."


@dataclass(frozen=True, slots=True)
class Listed:
    """One list: where it comes from, and what is known about it in lines, the most important first."""

    source: str
    lines: Sequence[str]
    is_failing: bool


@dataclass(frozen=True, slots=True)
class BlockingState:
    """How blocking is now. `paused_s` is None if the front door does not answer. `protection` is a sentence without its
    dot about all lists."""

    is_enabled: bool
    paused_s: int | None
    lists: Sequence[Listed] = ()
    protection: str = ""

    @property
    def sentence(self) -> str:
        if not self.is_enabled:
            return "Switched off: blocking.enabled is false."
        if self.paused_s is None:
            return "The front door does not answer, so nothing is known about it."
        if self.paused_s:
            return f"Paused for {_duration(self.paused_s)} more."
        return f"In force: {self.protection}."


@dataclass(frozen=True, slots=True)
class Found:
    """What becomes of a name: `kind` as in the policy, `rule` that decided, `says` in a sentence, and `notes`. `remedy`
    is how to have it otherwise, if a setting can do that: a sentence, and lines for the settings."""

    kind: str
    rule: str
    says: str
    notes: Sequence[str] = ()
    remedy: tuple[str, str] | None = None


class BlockingControl(Protocol):
    """What runs. All but `state` raise OperatorError if the front door does not answer."""

    async def state(self) -> BlockingState: ...
    async def reason(self, name: str) -> Found: ...
    async def pause(self, seconds: int) -> None: ...
    async def resume(self) -> None: ...
    def token(self) -> str | None:
        """What lets somebody pause; None if nobody may from here."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the page: what was searched, what came of it, and what is wrong with either form."""

    state: BlockingState
    may_pause: bool
    searched: str = ""
    found: Found | None = None
    search_fault: str = ""
    pause_fault: str = ""


def routes(blocking: BlockingControl, render: Callable[[Look], str], budget: Budget) -> list[Route]:
    """The page, a GET with `name` in its query, and the POST that pauses or resumes."""
    page = _Page(blocking, render, budget)
    return [Route(PATH, page.look), Route(PAUSE_PATH, page.pause, methods=["POST"])]


class _Page:
    def __init__(self, blocking: BlockingControl, render: Callable[[Look], str], budget: Budget) -> None:
        self._blocking = blocking
        self._budget = budget
        self._render = render
        self._searching: set[str] = set()

    async def look(self, request: Request) -> Response:
        typed = request.query_params.get("name", "").strip()
        if not typed:
            return await self._shown(200)
        try:
            name = domain(_without_address(typed))
        except ValueError:
            return await self._shown(400, searched=typed, search_fault=_NO_NAME)
        host, port = request.client or ("::", 0)
        visitor = f"{host} {port}" if self._budget.stands_for_many(host) else client_key(host)
        if len(self._searching) >= _MOST_SEARCHES or visitor in self._searching:
            return await self._shown(503, searched=name, search_fault=_TOO_MANY)
        spend(request, Cost.LOOK_UP)
        self._searching.add(visitor)
        try:
            return await self._shown(200, searched=name, found=await self._blocking.reason(name))
        except OperatorError as error:
            return await self._shown(503, searched=name, search_fault=str(error))
        finally:
            self._searching.discard(visitor)

    async def pause(self, request: Request) -> Response:
        fields = await form_fields(request)
        if fields is None:
            return PlainTextResponse("This is not the form of the page.\n", 400)
        length, typed, known = fields.get("for", ""), fields.get("token", ""), self._blocking.token()
        if known is None or not token.is_same(typed, known):
            return await self._shown(403, pause_fault=_MISTYPED if typed else "Enter the token first.")
        if length != _RESUME and length not in PAUSES:
            return await self._shown(400, pause_fault="Choose how long.")
        try:
            await (self._blocking.resume() if length == _RESUME else self._blocking.pause(PAUSES[length][0]))
        except OperatorError as error:
            return await self._shown(503, pause_fault=str(error))
        return RedirectResponse(PATH, 303)

    async def _shown(self, status: int, **more: Any) -> Response:
        look = Look(await self._blocking.state(), self._blocking.token() is not None, **more)
        return HTMLResponse(self._render(look), status)


async def form_fields(request: Request) -> dict[str, str] | None:
    """The form that was sent; None if it is none, or larger than ours can be."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return None
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BODY_OCTETS:
            return None
    return fields_of(body)


def fields_of(body: bytes) -> dict[str, str] | None:
    """The first value of each field of a form's body; None if it cannot be one of ours. Pure."""
    try:
        parsed = parse_qs(body.decode("ascii"), errors="replace", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    return {name: values[0] for name, values in parsed.items()}


def _without_address(typed: str) -> str:
    """People paste what stands in the browser."""
    try:
        return (urlsplit(typed).hostname or typed) if "://" in typed else typed.partition("/")[0]
    except ValueError:
        return typed


def _duration(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} s"
    return f"{round(seconds / 60)} minutes" if seconds < 90 * 60 else f"{seconds / 3600:.1f} hours"
