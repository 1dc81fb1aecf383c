"""The budgets of the page as a browser meets them."""

import asyncio

import httpx
import pytest

from app.onboarding.budget import BURST, Budget, Cost
from app.onboarding.enrolment import Enrolment
from app.onboarding.throttle import HELD_S, is_held
from tests.fakes.clock import Clock

from .asking import BASE, CLIENT, NONCE, FrontDoor, application

pytestmark = pytest.mark.anyio


class Visitor:
    """One address at a page with a budget that only the test fills again."""

    def __init__(self, enrolment: Enrolment, address: str = CLIENT, left: int = BURST) -> None:
        self.budget = Budget(Clock())
        app = application(lambda: enrolment, FrontDoor(arrivals={NONCE: {}}), budget=self.budget)
        self.transport = httpx.ASGITransport(app, client=(address, 40000))
        assert self.budget.takes(address, BURST - left)

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=self.transport, base_url=BASE) as client:
            return await client.get(path)


@pytest.mark.parametrize("path", ["/", "/style.css", "/ca.pem", "/nowhere", "/metrics", "/blocking", "/doctor"])
async def test_who_has_spent_all_is_turned_away_late_with_429(own_authority: Enrolment, path: str) -> None:
    begun_s = asyncio.get_running_loop().time()
    answer = await Visitor(own_authority, left=0).get(path)
    assert asyncio.get_running_loop().time() - begun_s >= HELD_S
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/probe", "/healthz"])
async def test_that_this_box_is_there_is_told_to_everybody(own_authority: Enrolment, path: str) -> None:
    assert (await Visitor(own_authority, left=0).get(path)).status_code == 200


@pytest.mark.parametrize(
    ("path", "cost"),
    [
        ("/", 0),
        ("/?when=always", 0),
        ("/?when=wifi&ssid=Home", Cost.CODE),
        ("/check/new", Cost.NONCE),
        ("/blocking?name=ads.example", Cost.LOOK_UP),
    ],
)
async def test_what_is_dear_costs_more(own_authority: Enrolment, path: str, cost: int) -> None:
    assert (await Visitor(own_authority, left=1 + cost).get(path)).status_code == 200
    if cost:
        assert (await Visitor(own_authority, left=cost).get(path)).status_code == 429


async def test_a_person_can_look_at_everything_twice(own_authority: Enrolment) -> None:
    visitor = Visitor(own_authority)
    dear = ["/?when=wifi&ssid=Home", "/check/new", "/blocking?name=ads.example"]
    for path in ["/", "/style.css", "/selftest.js", "/ca.pem", "/ca.der", "/metrics", "/blocking", *dear] * 2:
        assert (await visitor.get(path)).status_code == 200, path


async def test_the_page_is_not_taken_from_others(own_authority: Enrolment) -> None:
    visitor = Visitor(own_authority, "10.0.0.1", left=0)
    visitor.transport.client = ("10.0.0.2", 40000)
    assert (await visitor.get("/")).status_code == 200


def test_only_a_request_that_is_being_turned_away_is_held() -> None:
    assert is_held({"state": {"held": True}})
    assert not is_held({"state": {}})
