"""Signing in and out, as a browser does it and as somebody who should not get in would try."""

import re
from collections.abc import Mapping

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.onboarding.blocking import form_fields
from app.onboarding.budget import Budget
from app.onboarding.session import COOKIE, begin
from app.onboarding.sign_in import SIGN_IN, SIGN_OUT, SignIn, routes
from app.onboarding.throttle import SpentAll, Throttle, turn_away
from tests.fakes.clock import Clock

pytestmark = pytest.mark.anyio

BASE = "http://192.168.1.10:8853"
TOKEN, CODE = "k7wm-3xqa-p5tn-2d6e", "k7wm3-xqap5"
NOW_S = 1_800_000_000.0


class Ways:
    """In: a token, a code that is good once, and a box without an owner."""

    def __init__(self) -> None:
        self.known: str | None = TOKEN
        self.codes = {CODE}
        self.is_first = True

    def token(self) -> str | None:
        return self.known

    def take_code(self, typed: str) -> bool:
        is_it = typed in self.codes
        self.codes.discard(typed)
        return is_it

    def take_first(self) -> bool:
        is_first, self.is_first = self.is_first, False
        return is_first


class Box:
    """With one thing that only its owner may change."""

    def __init__(self) -> None:
        self.ways, self.clock = Ways(), Clock(NOW_S)
        self.sign_in = SignIn(self.ways, self.clock)
        self.changes = 0
        self.app = Starlette(
            routes=[*routes(self.sign_in), Route("/", self.page), Route("/change", self.change, methods=["POST"])],
            exception_handlers={SpentAll: turn_away},
        )
        self.budget = Budget(self.clock)

    async def page(self, request: Request) -> Response:
        return PlainTextResponse(self.sign_in.form_key(request))

    async def change(self, request: Request) -> Response:
        is_owner = self.sign_in.may_change(request, await form_fields(request) or {})
        self.changes += is_owner
        return Response(status_code=204 if is_owner else 403)

    def browser(self, address: str = "192.168.1.23") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(Throttle(self.app, self.budget), client=(address, 40000))
        return httpx.AsyncClient(transport=transport, base_url=BASE)


async def key(browser: httpx.AsyncClient) -> str:
    return (await browser.get("/")).text


async def signed_in(browser: httpx.AsyncClient, **fields: str) -> httpx.Response:
    return await browser.post(SIGN_IN, data={"key": await key(browser), **fields})


async def tried(browser: httpx.AsyncClient, form_key: str, headers: Mapping[str, str] | None = None) -> int:
    return (await browser.post("/change", data={"key": form_key}, headers=headers)).status_code


@pytest.mark.parametrize("fields", [{"secret": TOKEN}, {"secret": TOKEN.upper()}, {"secret": CODE}, {"first": "1"}])
async def test_who_has_token_or_code_or_comes_first_is_the_owner(fields: dict[str, str]) -> None:
    box = Box()
    async with box.browser() as owner, box.browser() as stranger:
        done = await signed_in(owner, **fields)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert "HttpOnly; SameSite=Strict" in done.headers["set-cookie"]
        assert await tried(owner, await key(owner)) == 204
        assert await tried(stranger, await key(stranger)) == 403
    assert box.changes == 1


async def test_a_code_is_good_once_and_the_box_has_one_first_owner() -> None:
    box = Box()
    async with box.browser() as first, box.browser() as second:
        for fields in ({"secret": CODE}, {"first": "1"}):
            assert (await signed_in(first, **fields)).status_code == 303
            first.cookies.clear()
            again = await signed_in(second, **fields)
            assert again.status_code == 403
            assert COOKIE not in second.cookies


@pytest.mark.parametrize("secret", ["", "k7wm-3xqa-p5tn-2d6f", "k7wm", "é", "x" * 500])
async def test_nobody_gets_in_with_what_is_nearly_right(secret: str) -> None:
    box = Box()
    async with box.browser() as browser:
        assert (await signed_in(browser, secret=secret)).status_code == 403


async def test_guessing_is_slow_and_costs_nobody_else() -> None:
    box = Box()
    async with box.browser("192.168.1.66") as guesser, box.browser() as owner:
        form = await key(guesser)
        codes = [(await guesser.post(SIGN_IN, data={"key": form, "secret": "x"})).status_code for _ in range(6)]
        assert codes[:4] == [403] * 4
        assert codes[-1] == 429
        assert (await signed_in(owner, secret=TOKEN)).status_code == 303


async def test_a_page_from_elsewhere_can_neither_sign_anybody_in_nor_change_anything() -> None:
    box = Box()
    async with box.browser() as owner:
        for form in ({"secret": TOKEN}, {"first": "1"}, {"key": "0" * 64, "first": "1"}):
            assert (await owner.post(SIGN_IN, data=form)).status_code == 400
        assert box.ways.is_first
        await signed_in(owner, secret=TOKEN)
        form_key = await key(owner)
        # A page on another port of this machine is of the same site, so the cookie comes along; what it cannot read is
        # the key, and what it cannot hide is where it is from.
        assert await tried(owner, "") == 403
        for headers in (
            {"Origin": "http://192.168.1.10:8080"},
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "cross-site"},
        ):
            assert await tried(owner, form_key, headers) == 403
            assert (await owner.post(SIGN_OUT, data={"key": form_key}, headers=headers)).status_code == 400
        for headers in ({"Origin": BASE}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-origin"}):
            assert await tried(owner, form_key, headers) == 204


async def test_the_key_of_one_session_is_no_key_of_another() -> None:
    box = Box()
    async with box.browser() as one, box.browser() as other:
        for browser in (one, other):
            await signed_in(browser, secret=TOKEN)
        assert await tried(other, await key(one)) == 403
        box.clock.now_s += 60
        assert await tried(one, await key(one)) == 204


async def test_who_has_signed_out_is_out_with_every_copy_of_the_cookie() -> None:
    box = Box()
    async with box.browser() as owner, box.browser() as thief:
        await signed_in(owner, secret=TOKEN)
        thief.cookies = httpx.Cookies(owner.cookies)
        assert await tried(thief, await key(thief)) == 204
        done = await owner.post(SIGN_OUT, data={"key": await key(owner)})
        assert done.status_code == 303
        assert COOKIE not in owner.cookies
        assert await tried(thief, await key(thief)) == 403
        assert (await owner.post(SIGN_OUT, data={"key": await key(owner)})).status_code == 400


async def test_another_token_ends_all_sessions_at_once() -> None:
    box = Box()
    async with box.browser() as owner:
        await signed_in(owner, secret=TOKEN)
        box.ways.known = "aaaa-bbbb-cccc-dddd"
        assert await tried(owner, await key(owner)) == 403


async def test_a_cookie_of_another_box_or_of_ones_own_making_is_nothing() -> None:
    box = Box()
    async with box.browser() as browser:
        for value in (begin("aaaa-bbbb-cccc-dddd", NOW_S), "", "1.2.3", f"{int(NOW_S) + 60}.{'x' * 22}.{'0' * 64}"):
            browser.cookies.clear()
            browser.cookies.set(COOKIE, value)
            assert await tried(browser, await key(browser)) == 403


async def test_without_a_token_nobody_signs_in() -> None:
    box = Box()
    box.ways.known = None
    async with box.browser() as browser:
        assert await key(browser) == ""
        assert (await browser.post(SIGN_IN, data={"key": "", "first": "1"})).status_code == 503
    assert box.ways.is_first


async def test_what_is_no_form_of_ours_changes_nothing() -> None:
    box = Box()
    async with box.browser() as browser:
        for path in (SIGN_IN, SIGN_OUT):
            assert (await browser.post(path, json={"first": "1"})).status_code == 400
            assert (await browser.post(path, data={"key": "x" * 5000})).status_code == 400
    assert box.ways.is_first


async def test_the_forms_of_the_page_do_what_they_say() -> None:
    box = Box()
    async with box.browser() as browser:
        for secret, shown in (({"first": "1"}, "This box is mine"), ({"secret": TOKEN}, "Token, or the code")):
            page = (await browser.get(SIGN_IN)).text
            assert shown in page
            (form_key,) = set(re.findall('name="key" value="([0-9a-f]{64})"', page))
            assert (await browser.post(SIGN_IN, data={"key": form_key, **secret})).status_code == 303
            page = (await browser.get(SIGN_IN)).text
            assert "You are signed in" in page
            (form_key,) = set(re.findall('name="key" value="([0-9a-f]{64})"', page))
            assert (await browser.post(SIGN_OUT, data={"key": form_key})).status_code == 303
        box.ways.known = None
        assert (await browser.get(SIGN_IN)).status_code == 503
