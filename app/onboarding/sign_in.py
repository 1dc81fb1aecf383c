"""Signing in and out: `/sign-in` and `/sign-out`. Reading the page needs neither.

Three ways in: the token, which `homedot token` shows; the code in the log of each start, good once and for a quarter of
an hour; and, within ten minutes of the very first start, whoever says first that the box is theirs.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Protocol, final

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from . import session, token
from .blocking import form_fields
from .budget import Cost
from .session import SignedIn
from .throttle import spend

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
KEY, SECRET, FIRST = "key", "secret", "first"
"""The fields of the forms."""
_MOST_ENDED = 1024
_HOME = "/"
_NOT_OURS = "This form is not of this page, or it is old: load the page again.\n"
_WRONG = (
    "That is neither the token nor the code of the last start, or the code was used, or it is older than a quarter of "
    "an hour: `docker compose exec homedot homedot token` prints the token.\n"
)
_TOO_LATE = "This box has its owner already: sign in with the code in its log, or with the token.\n"
_NO_TOKEN = "Nobody can sign in here: the box has no token; see its log.\n"  # noqa: S105 - a sentence

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Homedot: sign in</title><link rel="stylesheet" href="/style.css">
<main><h1>Sign in</h1>{forms}</main></html>
"""
_IN = """<form method="post" action="/sign-in"><input type="hidden" name="key" value="{key}">
<p><label>Token, or the code in the log of the last start
<input name="secret" type="password" autocomplete="current-password" required></label>
<button>Sign in</button></p></form>
<form method="post" action="/sign-in"><input type="hidden" name="key" value="{key}">
<p>Started for the first time, less than ten minutes ago?
<button name="first" value="1">This box is mine</button></p></form>
"""
_OUT = """<form method="post" action="/sign-out"><input type="hidden" name="key" value="{key}">
<p>You are signed in. <button>Sign out</button></p></form>
"""


class Doors(Protocol):
    """The ways in. What is taken is taken for good, by one process alone."""

    def token(self) -> str | None: ...
    def take_code(self, typed: str) -> bool:
        """Whether this is the code of the last start, in time and for the first time."""

    def take_first(self) -> bool:
        """Whether nobody owns this box, its very first start is not long ago, and nobody was here before."""


@final
class SignIn:
    """`now` is the time in seconds since 1970."""

    def __init__(self, doors: Doors, now: Callable[[], float]) -> None:
        self._doors = doors
        self._now = now
        self._ended: OrderedDict[str, None] = OrderedDict()

    def session_of(self, request: Request) -> SignedIn | None:
        """The session of who asks; None: not signed in."""
        known = self._doors.token()
        found = known and session.read(session.value_in(request.headers.get("cookie", "")), known, self._now())
        return found if found and found.ident not in self._ended else None

    def form_key(self, request: Request) -> str:
        """What a form of the page that is shown to who asks must send back as `key`; empty without a token."""
        known, signed_in = self._doors.token(), self.session_of(request)
        if known is None:
            return ""
        return session.form_key(signed_in, known) if signed_in else session.entry_key(known, self._now())

    def may_change(self, request: Request, fields: Mapping[str, str]) -> bool:
        """Whether a form was sent by the owner, from a page of this box."""
        known, signed_in = self._doors.token(), self.session_of(request)
        if known is None or signed_in is None or is_foreign(request):
            return False
        return session.is_same(fields.get(KEY, ""), session.form_key(signed_in, known))

    async def form(self, request: Request) -> Response:
        """GET: the forms, plain; a view may have others that send the same."""
        if self.form_key(request):
            forms = (_OUT if self.session_of(request) else _IN).format(key=self.form_key(request))
            return HTMLResponse(_PAGE.format(forms=forms))
        return PlainTextResponse(_NO_TOKEN, 503)

    async def sign_in(self, request: Request) -> Response:
        """POST: `key` of the page, and `secret`, or `first`."""
        spend(request, Cost.GUESS)
        fields, known = await form_fields(request), self._doors.token()
        if known is None:
            return PlainTextResponse(_NO_TOKEN, 503)
        if fields is None or is_foreign(request):
            return PlainTextResponse(_NOT_OURS, 400)
        if not session.is_entry_key(fields.get(KEY, ""), known, self._now()):
            return PlainTextResponse(_NOT_OURS, 400)
        if fields.get(FIRST):
            is_in, fault = self._doors.take_first(), _TOO_LATE
        else:
            typed = fields.get(SECRET, "")
            is_in, fault = token.is_same(typed, known) or self._doors.take_code(typed), _WRONG
        if not is_in:
            return PlainTextResponse(fault, 403)
        return _with_cookie(request, session.begin(known, self._now()))

    async def sign_out(self, request: Request) -> Response:
        """POST: `key` of the page. The session is over, whoever has a copy of its cookie."""
        fields = await form_fields(request)
        signed_in = self.session_of(request)
        if fields is None or signed_in is None or not self.may_change(request, fields):
            return PlainTextResponse(_NOT_OURS, 400)
        self._ended[signed_in.ident] = None
        if len(self._ended) > _MOST_ENDED:
            self._ended.popitem(last=False)
        return _with_cookie(request, "")


def routes(sign_in: SignIn) -> list[Route]:
    return [
        Route(SIGN_IN, sign_in.form),
        Route(SIGN_IN, sign_in.sign_in, methods=["POST"]),
        Route(SIGN_OUT, sign_in.sign_out, methods=["POST"]),
    ]


def is_foreign(request: Request) -> bool:
    """Whether the browser says that a page from elsewhere has sent this. Not every browser does, and over HTTP none
    says more than Origin (RFC 6454 7); `null` is what our own pages are called, which send no referrer."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = request.headers.get("origin", "null")
    return origin not in {"null", f"{request.url.scheme}://{request.headers.get('host', '')}"}


def _with_cookie(request: Request, value: str) -> Response:
    response = RedirectResponse(_HOME, 303)
    response.headers["set-cookie"] = session.cookie(value, is_secure=request.url.scheme == "https")
    return response
