"""The setup page, and what a device downloads from it. HTTP, because no device trusts this box yet.

Reading takes no cookie and shows nothing secret; no path and no query ever becomes the name of a file. What can be
changed is changed by POST, with the token (/blocking/pause) or by who has signed in.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from . import blocking, device, doctor_page, profile, selftest, vitals
from .aside import Aside, TooMany
from .budget import Budget, Cost
from .enrolment import PROFILE_PATH, Enrolment
from .guard import HEADERS, Guard, NamesOf, port_notices
from .pages import Pages, Visit
from .sign_in import SignIn
from .sign_in import routes as sign_in_routes
from .throttle import SpentAll, Throttle, spend, turn_away
from .variant import Variant, from_query


def application(
    read_enrolment: Callable[[], Enrolment],
    *,
    healthy: Callable[[], Awaitable[bool]],
    metrics: Callable[[], Awaitable[str]],
    doctor: doctor_page.Latest,
    signed: Callable[[bytes], bytes],
    devices: vitals.Devices,
    condition: vitals.AskedCondition,
    status: vitals.AskedStatus,
    self_test: selftest.Checks,
    blocker: blocking.BlockingControl,
    names: NamesOf = lambda _: (),
    about: str = "",
    budget: Budget | None = None,
    warnings: Sequence[str] = (),
    sign_in: SignIn | None = None,
) -> Starlette:
    """The ASGI application. `read_enrolment` is asked at every request, so that a changed address shows at once.

    If it raises OperatorError, every path answers 503 with the reason. `healthy` says whether DNS over TLS answers,
    `condition` how this box is, and `status` all that is told of it; `metrics` gives the text of /metrics, or raises
    OperatorError. `signed` gives a profile's signed form, or the profile itself if it has none: no key is in reach of
    this process. `names` are more of this box's. `about` says which Homedot this is. `budget` is what each visitor may
    spend, `warnings` are for whoever runs this box. Without `sign_in` nobody can.
    """
    pages = Pages(about, warnings)
    aside, budget = Aside(), budget or Budget(monotonic)

    async def index(request: Request) -> Response:
        here = device.kind(request.headers.get("user-agent", ""))
        state = await blocker.state()
        opened = (*port_notices(request.headers, _enrolment(request)), *_crowd_notices(request, budget))
        visit = Visit(
            here, await devices(), await condition(),
            is_chosen=bool(request.query_params), blocking=state, notices=opened,
        )  # fmt: skip
        try:
            visit = replace(visit, variant=_variant(request))
        except ValueError as error:
            visit = replace(visit, fault=str(error))
        if visit.variant.ssids:
            spend(request, Cost.CODE)
        html = await aside.do(partial(pages.index, _enrolment(request), datetime.now(UTC), visit))
        return HTMLResponse(html, 400 if visit.fault else 200)

    async def mobileconfig(request: Request) -> Response:
        try:
            content = profile.mobileconfig(_enrolment(request), _variant(request))
        except ValueError as error:
            return PlainTextResponse(f"{error}\n", 400)
        return Response(
            signed(content),
            headers={"Content-Disposition": "attachment; filename=homedot.mobileconfig"},
            media_type=profile.CONTENT_TYPE,
        )

    async def stylesheet(_: Request) -> Response:
        return Response(pages.style, media_type="text/css")

    async def script(_: Request) -> Response:
        return Response(pages.script, media_type="text/javascript")

    return Starlette(
        routes=[
            Route("/", index),
            Route("/style.css", stylesheet),
            Route("/selftest.js", script),
            Route(PROFILE_PATH, mobileconfig),
            Route("/ca.pem", _root_pem),
            Route("/ca.der", _root_der),
            *vitals.routes(vitals.vital(healthy, devices), metrics, condition, status),
            doctor_page.route(doctor, pages),
            *selftest.routes(self_test),
            *blocking.routes(blocker, pages.blocking, budget),
            *(sign_in_routes(sign_in) if sign_in else ()),
        ],
        middleware=[
            Middleware(Throttle, budget=budget),
            Middleware(Guard, read_enrolment=read_enrolment, names=names),
        ],
        exception_handlers={
            Exception: _failed,
            ClientDisconnect: _left,
            SpentAll: turn_away,
            TooMany: _too_many,
        },
    )


def _enrolment(request: Request) -> Enrolment:
    enrolment: Enrolment = request.state.enrolment
    return enrolment


def _variant(request: Request) -> Variant:
    return from_query(request.query_params.multi_items())


def _crowd_notices(request: Request, budget: Budget) -> Sequence[str]:
    """What it means that this visitor cannot be told from others."""
    if request.client is None or not budget.stands_for_many(request.client.host):
        return ()
    return (
        f"You appear as {request.client.host}, as do all who come through this container's network: devices cannot be "
        "told apart here, so no limit of one device applies to them, and log and counts show one address. With "
        "network_mode: host they could.",
    )


async def _root_pem(request: Request) -> Response:
    return Response(_root(_enrolment(request).root_pem), media_type="application/x-pem-file")


async def _root_der(request: Request) -> Response:
    return Response(_root(_enrolment(request).root_der), media_type="application/x-x509-ca-cert")


def _root(content: str | bytes | None) -> str | bytes:
    if content is None:
        raise HTTPException(
            404, "This box uses a certificate of its owner (tls.certificate): there is no root to install.\n"
        )
    return content


async def _left(_: Request, __: Exception) -> Response:
    """Who asked went away before the question was whole; nobody reads this."""
    return Response(status_code=400)


async def _too_many(_: Request, __: Exception) -> Response:
    text = "Too many are looking at this page just now. Load it again.\n"
    return PlainTextResponse(text, 503, {"Retry-After": "2"})


async def _failed(_: Request, __: Exception) -> Response:
    """The last resort, outside of Guard; the error itself goes to the log."""
    return PlainTextResponse("This page failed: the log of the box says why.\n", 500, HEADERS)
