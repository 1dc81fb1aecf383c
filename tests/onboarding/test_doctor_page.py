import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from app.onboarding.doctor_page import route
from app.onboarding.pages import Pages

from .test_pages import REPORT


def ask(latest: Mapping[str, Any] | str | None, path: str, accept: str = "*/*") -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=[route(lambda _: latest, Pages())]))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, headers={"Accept": accept})

    return asyncio.run(run())


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_a_browser_gets_a_page() -> None:
    answer = ask(REPORT, "/doctor", BROWSER)
    assert answer.headers["content-type"].startswith("text/html")
    assert "There is something to do." in answer.text


@pytest.mark.parametrize(("path", "accept"), [("/doctor?format=json", BROWSER), ("/doctor", "application/json")])
def test_a_script_gets_the_document_as_it_is(path: str, accept: str) -> None:
    answer = ask(REPORT, path, accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == REPORT


def test_another_format_is_the_page() -> None:
    answer = ask(REPORT, "/doctor?format=html", "application/json")
    assert answer.headers["content-type"].startswith("text/html")


def test_a_script_is_told_when_to_ask_again() -> None:
    answer = ask(None, "/doctor?format=json")
    assert answer.status_code == 202
    assert answer.headers["retry-after"] == "3"


def test_a_script_is_told_why_there_is_no_report() -> None:
    answer = ask("the doctor made no report", "/doctor?format=json")
    assert (answer.status_code, answer.json()) == (503, {"error": "the doctor made no report"})
