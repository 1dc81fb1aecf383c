import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.onboarding.blocking import BlockingState, Found, Listed, fields_of
from app.onboarding.budget import Budget
from app.onboarding.enrolment import Enrolment
from tests.fakes.clock import Clock

from .asking import BASE, TOKEN, Blocker, FrontDoor, Page, application, ask
from .test_web import MARKUP

LISTS = (
    Listed("https://lists.example/a.txt", ("A, 1200000 names, 3 h old", "failed, 2 in a row: 404"), True),
    Listed("/config/b.txt", ("B, 34 names",), False),
)
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (BlockingState(True, 0, LISTS, "1,200,034 names on 2 lists"), "In force: 1,200,034 names on 2 lists."),
        (BlockingState(True, 42, LISTS), "Paused for 42 s more."),
        (BlockingState(True, 299, LISTS), "Paused for 5 minutes more."),
        (BlockingState(True, 7200, LISTS), "Paused for 2.0 hours more."),
        (BlockingState(False, 0), "Switched off: blocking.enabled is false."),
        (BlockingState(True, None, LISTS), "The front door does not answer, so nothing is known about it."),
    ],
)
def test_setup_page_and_this_one_say_how_it_is(own_authority: Enrolment, state: BlockingState, sentence: str) -> None:
    for path in ("/", "/blocking"):
        assert sentence in Page(ask(own_authority, path, blocker=Blocker(state)).text).words


def test_setup_page_leads_there(own_authority: Enrolment) -> None:
    assert "/blocking" in Page(ask(own_authority, "/").text).values("href")


def test_shows_every_list_and_what_is_wrong_with_it(own_authority: Enrolment) -> None:
    page = Page(ask(own_authority, "/blocking", blocker=Blocker(BlockingState(True, 0, LISTS))).text)
    for listed in LISTS:
        assert listed.source in page.text
        assert all(line in page.text for line in listed.lines)
    assert page.values("class").count("list failing") == 1


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("www.ads.example", "www.ads.example"),
        (" WWW.Ads.Example. ", "www.ads.example"),
        ("https://www.ads.example:8443/path?x=1", "www.ads.example"),
        ("www.ads.example/path", "www.ads.example"),
        ("käse.ads.example", "xn--kse-qla.ads.example"),
        ("straße.ads.example", "xn--strae-oqa.ads.example"),
    ],
)
def test_says_what_becomes_of_a_name_however_it_is_typed(own_authority: Enrolment, typed: str, name: str) -> None:
    blocker = Blocker()
    answer = ask(own_authority, str(httpx.URL("/blocking", params={"name": typed})), blocker=blocker)
    assert answer.status_code == 200
    assert blocker.told == [f"why {name}"]
    words = Page(answer.text).words
    assert f"{name}: blocked: ads.example is on the list A" in words
    assert "Blocking is paused until 18:00:00 UTC." in words
    assert f'To have {name} otherwise: blocking: other: - "{name}"' in words


class _Decided(Blocker):
    async def reason(self, name: str) -> Found:
        return Found("denied", "example", f"{name}: blocked: example is in blocking.deny")


def test_has_no_lines_for_what_a_setting_decides_already(own_authority: Enrolment) -> None:
    page = Page(ask(own_authority, "/blocking?name=www.example", blocker=_Decided()).text)
    assert "is in blocking.deny" in page.words
    assert "pre" not in page.tags


@pytest.mark.parametrize("typed", ["...", "a b", "http://[", "x" * 64, "*.example", "<b>", "\x00", "-" * 300])
def test_says_that_it_is_no_name_and_keeps_what_was_typed(own_authority: Enrolment, typed: str) -> None:
    blocker = Blocker()
    answer = ask(own_authority, str(httpx.URL("/blocking", params={"name": typed})), blocker=blocker)
    assert answer.status_code == 400
    page = Page(answer.text)
    assert "That is no name. Enter one like www.example.com." in page.words
    assert typed.strip() in page.values("value")
    assert blocker.told == []


@given(typed=st.lists(MARKUP | st.text(), min_size=1).map("".join))
def test_whatever_is_searched_stays_text(own_authority: Enrolment, typed: str) -> None:
    answer = ask(own_authority, str(httpx.URL("/blocking", params={"name": typed})))
    assert answer.status_code in (200, 400)
    assert "script" not in Page(answer.text).tags


def test_a_search_fails_in_words_when_the_front_door_is_silent(own_authority: Enrolment) -> None:
    answer = ask(own_authority, "/blocking?name=www.example", blocker=Blocker(answers=False))
    assert answer.status_code == 503
    assert "the front door does not answer" in Page(answer.text).words


@pytest.mark.anyio
async def test_a_flood_of_searches_is_turned_away_and_the_first_are_answered(own_authority: Enrolment) -> None:
    begun, go_on = asyncio.Semaphore(0), asyncio.Event()

    class Slow(Blocker):
        async def reason(self, name: str) -> Found:
            begun.release()
            await go_on.wait()
            return await super().reason(name)

    app = application(lambda: own_authority, FrontDoor(), blocker=Slow())

    def search(address: str) -> Coroutine[Any, Any, httpx.Response]:
        transport = httpx.ASGITransport(app, client=(address, 40000))
        return httpx.AsyncClient(transport=transport, base_url=BASE).get("/blocking?name=www.example")

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        first = [group.create_task(search("10.0.0.0"))]
        await begun.acquire()
        again = await search("10.0.0.0")  # one visitor searches one name at a time
        first += [group.create_task(search(f"10.0.0.{number}")) for number in (1, 2, 3)]
        for _ in range(3):
            await begun.acquire()
        late = await search("10.0.0.4")
        go_on.set()
    for refused in (again, late):
        assert refused.status_code == 503
        assert "Too many are searching" in refused.text
    assert {task.result().status_code for task in first} == {200}


@pytest.mark.parametrize(
    ("chosen", "told"), [("5m", "pause 300"), ("30m", "pause 1800"), ("2h", "pause 7200"), ("0", "resume")]
)
def test_who_has_the_token_may_pause_and_resume(own_authority: Enrolment, chosen: str, told: str) -> None:
    blocker = Blocker()
    form = {"token": TOKEN.upper(), "for": chosen}
    answer = ask(own_authority, "/blocking/pause", "POST", blocker=blocker, form=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/blocking")
    assert blocker.told == [told]


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"token": "", "for": "5m"}, 403, "Enter the token first."),
        ({"for": "5m"}, 403, "Enter the token first."),
        ({"token": "k7wm-3xqa-p5tn-2d6f", "for": "5m"}, 403, "That is not the token"),
        ({"token": "None", "for": "5m"}, 403, "That is not the token"),
        ({"token": TOKEN, "for": "99h"}, 400, "Choose how long."),
        ({"token": TOKEN}, 400, "Choose how long."),
    ],
)
def test_nobody_else_may(own_authority: Enrolment, form: dict[str, str], status: int, said: str) -> None:
    blocker = Blocker()
    answer = ask(own_authority, "/blocking/pause", "POST", blocker=blocker, form=form)
    assert answer.status_code == status
    assert said in Page(answer.text).words
    assert blocker.told == []


@pytest.mark.parametrize("typed", ["", "None", TOKEN])
def test_nobody_may_when_the_box_has_no_token(own_authority: Enrolment, typed: str) -> None:
    blocker = Blocker(token=None)
    form = {"token": typed, "for": "5m"}
    assert ask(own_authority, "/blocking/pause", "POST", blocker=blocker, form=form).status_code == 403
    assert blocker.told == []
    page = Page(ask(own_authority, "/blocking", blocker=blocker).text)
    assert "homedot pause 10m" in page.words
    assert "/blocking/pause" not in page.values("action")


def test_offers_to_pause_or_to_resume(own_authority: Enrolment) -> None:
    for paused_s, values in ((0, {"5m", "30m", "2h"}), (60, {"0"})):
        page = Page(ask(own_authority, "/blocking", blocker=Blocker(BlockingState(True, paused_s, LISTS))).text)
        assert {*page.values("value")} - {"", "homedot"} == values


def test_says_that_a_pause_failed(own_authority: Enrolment) -> None:
    form = {"token": TOKEN, "for": "5m"}
    answer = ask(own_authority, "/blocking/pause", "POST", blocker=Blocker(answers=False), form=form)
    assert answer.status_code == 503
    assert "the front door does not answer" in answer.text


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (f"token={TOKEN}&for=5m".encode(), "text/plain"),
        (f"token={TOKEN}&for=5m".encode(), None),
        (b'{"token": "%s", "for": "5m"}' % TOKEN.encode(), "application/json"),
        (f"token={TOKEN}&for=5m&x=".encode() + b"x" * 1024, FORM),
        (f"token={TOKEN}&for=5m&a=1&b=2&c=3".encode(), FORM),
        (b"token=\xff&for=5m", FORM),
    ],
)
def test_what_is_not_the_form_of_the_page_is_refused(
    own_authority: Enrolment, content: bytes, content_type: str | None
) -> None:
    blocker = Blocker()
    answer = ask(own_authority, "/blocking/pause", "POST", blocker=blocker, content=content, content_type=content_type)
    assert answer.status_code == 400
    assert blocker.told == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_nothing_but_post_pauses(own_authority: Enrolment, method: str) -> None:
    assert ask(own_authority, f"/blocking/pause?token={TOKEN}&for=5m", method).status_code == 405


def test_a_name_that_leads_here_from_elsewhere_pauses_nothing(own_authority: Enrolment) -> None:
    blocker = Blocker()
    form = {"token": TOKEN, "for": "5m"}
    answer = ask(own_authority, "/blocking/pause", "POST", host="evil.example", blocker=blocker, form=form)
    assert answer.status_code == 421
    assert blocker.told == []


@given(st.binary(max_size=1024))
def test_any_body_is_a_form_or_refused(body: bytes) -> None:
    fields = fields_of(body)
    assert fields is None or all(isinstance(value, str) for value in fields.values())


@pytest.mark.anyio
async def test_many_behind_one_gateway_search_side_by_side(own_authority: Enrolment) -> None:
    both_search = asyncio.Barrier(2)

    class Slow(Blocker):
        async def reason(self, name: str) -> Found:
            await both_search.wait()
            return await super().reason(name)

    budget = Budget(Clock(), ["172.17.0.1"])
    app = application(lambda: own_authority, FrontDoor(), blocker=Slow(), budget=budget)

    async def search(port: int) -> int:
        transport = httpx.ASGITransport(app, client=("172.17.0.1", port))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return (await client.get("/blocking?name=www.example")).status_code

    async with asyncio.timeout(20):
        assert set(await asyncio.gather(search(40001), search(40002))) == {200}
