import asyncio

import pytest

from app.onboarding.budget import BURST, MANY, Budget, Cost
from app.onboarding.porter import Porter, Told, written
from tests.fakes.clock import Clock

ADDRESS, OTHER = "192.168.1.20", "192.168.1.21"


async def ok() -> Told:
    return Told(200, "ok\n")


@pytest.fixture
def budget() -> Budget:
    return Budget(Clock(), ["172.17.0.1"])


@pytest.fixture
def porter(budget: Budget) -> Porter:
    return Porter({"/probe": ok}, budget)


@pytest.mark.parametrize(
    ("request_", "is_vital"),
    [
        (b"GET /probe HTTP/1.1\r\nHost: 192.168.1.10:8853\r\nAccept: */*\r\n\r\n", True),
        (b"GET /probe HTTP/1.0\r\n\r\n", True),
        (b"GET /probe HTTP/1.1\r\nAccept: */*\r\nhost: [fd00::10]:8853\r\nUser-Agent: x\r\n\r\n", True),
        (b"GET /probe HTTP/1.1\r\nHost: evil.example\r\n\r\n", False),
        (b"GET /probe HTTP/1.1\r\nHost: 10.0.0.1\r\nHost: evil.example\r\n\r\n", False),
        (b"GET /probe HTTP/1.1\r\nHost: 10.0.0.1", False),
        (b"GET /probe?x HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n", False),
        (b"GET /style HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n", False),
        (b"HEAD /probe HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n", False),
        (b"GET /probe HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", False),
        (b"POST /probe HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", False),
        (b"\x16\x03\x01", False),
        (b"", False),
    ],
)
def test_one_plain_request_for_what_is_vital_is_answered_at_the_door(
    porter: Porter, request_: bytes, *, is_vital: bool
) -> None:
    answer = porter.vital(request_)
    assert (answer is not None) == is_vital
    if answer is not None:
        assert asyncio.run(answer()) == Told(200, "ok\n")


def test_what_is_vital_is_late_for_who_asks_nothing_else_all_the_time_and_costs_nothing_else(
    porter: Porter, budget: Budget
) -> None:
    assert [porter.is_late(ADDRESS) for _ in range(BURST + 1)] == [False] * BURST + [True]
    assert not porter.is_late(OTHER)
    assert not any(porter.is_late("172.17.0.1") for _ in range(BURST * MANY))
    assert not porter.has_spent_all(ADDRESS)
    assert budget.takes(ADDRESS, BURST)
    assert porter.has_spent_all(ADDRESS)
    assert not porter.has_spent_all(OTHER)


def test_to_ask_whether_something_is_left_spends_nothing(budget: Budget) -> None:
    assert all(budget.has(ADDRESS, Cost.REQUEST) for _ in range(BURST + 1))


def test_an_answer_is_http_with_the_headers_of_every_other_and_the_end_of_the_connection() -> None:
    head, _, body = written(Told(429, "no\n")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    for line in (b"Content-Length: 3", b"Retry-After: 5", b"Connection: close", b"x-content-type-options: nosniff"):
        assert line.lower() in head.lower()
    assert body == b"no\n"
    assert b"Retry-After" not in written(Told(200, "ok\n"))
