"""The page about blocking, with a box that blocks: searched, paused and resumed by hand."""

import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.appliance import Appliance, folder_for_all, running, settings_in
from tests.internet import Internet

from .conftest import DEADLINE_S
from .test_page import VIEWS, faults, opened

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def blocker(internet: Internet) -> Iterator[Appliance]:
    with folder_for_all() as folder:
        own, gone = folder / "own.txt", folder / "gone.txt"
        own.write_text("! Title: Own list\nunsigned.test\n@@||www.unsigned.test^\n##.banner\n")
        own.chmod(0o644)
        more = {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": f"{own}, {gone}"}
        with running(folder, settings_in(folder, **more, **internet.environment)) as box:
            yield box


@pytest.fixture(scope="module")
def blocking(blocker: Appliance, playwright: object) -> str:
    """Its address, once the list is in force."""
    address = f"http://127.0.0.1:{blocker.web_port}/blocking"
    deadline = time.monotonic() + DEADLINE_S
    while "In force: 1 name " not in httpx.get(address).text:
        assert time.monotonic() < deadline
        time.sleep(0.1)  # another process compiles it: there is nothing to wait on
    return address


def asked(blocker: Appliance) -> str:
    command = ["kdig", "@127.0.0.1", "-p", str(blocker.dot_port), "+tls", "+short", "unsigned.test"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip()


def search(page: Page, name: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Search").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_fits_every_screen_and_is_open_to_everybody(
    chromium: Browser, blocking: str, artifacts: Any, view: str, scheme: Any
) -> None:
    with opened(chromium, blocking, color_scheme=scheme, **VIEWS[view]) as page:
        search(page, "https://unsigned.test/ads.js")
        expect(page.get_by_role("status")).to_contain_text("unsigned.test is on the list Own list")
        page.screenshot(path=artifacts / f"blocking-{view}-{scheme}.png", full_page=True)
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == VIEWS[view]["viewport"]["width"]


def test_works_without_javascript(chromium: Browser, blocking: str, blocker: Appliance) -> None:
    with opened(chromium, blocking, java_script_enabled=False, **VIEWS["iphone"]) as page:
        search(page, "signed.test")
        assert "signed.test: has the addresses 192.0.2.1, " in page.inner_text("main")
        assert "Not blocked: no rule and no list has it." in page.inner_text("main")
        search(page, "www.unsigned.test")  # it leads to unsigned.test, and the list of that has an exception for it
        assert (
            "www.unsigned.test: not blocked: the list Own list has an exception for www.unsigned.test"
            in page.inner_text("main")
        )
        page.get_by_label("Token").fill(blocker.homedot("token").stdout)
        page.get_by_role("button", name="5 minutes").click()
        assert "Paused for 5 minutes more." in page.inner_text("main")
        page.get_by_label("Token").fill(blocker.homedot("token").stdout)
        page.get_by_role("button", name="Block again").click()
        assert "In force: 1 name on 1 list; 1 of 2 lists is missing." in page.inner_text("main")


def test_a_pause_lets_a_blocked_name_through(
    chromium: Browser, blocking: str, blocker: Appliance, artifacts: Any
) -> None:
    assert asked(blocker) == "0.0.0.0"
    with opened(chromium, blocking, **VIEWS["android"]) as page:
        page.get_by_label("Token").fill(blocker.homedot("token").stdout.upper())
        page.get_by_role("button", name="30 minutes").click()
        expect(page.get_by_text("Paused for 30 minutes more.")).to_be_visible()
        assert asked(blocker) == "192.0.2.1"
        search(page, "unsigned.test")
        expect(page.get_by_role("status")).to_contain_text("Blocking is paused")
        page.screenshot(path=artifacts / "blocking-paused.png", full_page=True)
        page.get_by_label("Token").fill(blocker.homedot("token").stdout)
        page.get_by_role("button", name="Block again").click()
        expect(page.get_by_text("In force: ")).to_be_visible()
    assert asked(blocker) == "0.0.0.0"


def test_a_wrong_token_changes_nothing_and_says_where_the_right_one_is(chromium: Browser, blocking: str) -> None:
    context = chromium.new_context(**VIEWS["narrow"])
    page = context.new_page()
    page.goto(blocking)
    page.get_by_label("Token").fill("aaaa-bbbb-cccc-dddd")
    page.get_by_role("button", name="2 hours").click()
    assert "homedot token" in page.get_by_role("alert").inner_text()
    assert "In force: " in page.inner_text("main")
    assert faults(page) == []
    context.close()


def test_says_what_is_wrong_with_a_name(chromium: Browser, blocking: str) -> None:
    context = chromium.new_context(**VIEWS["mac"])
    page = context.new_page()
    page.goto(blocking)
    search(page, "no name!")
    assert page.get_by_role("alert").inner_text() == "That is no name. Enter one like www.example.com."
    assert page.get_by_label("Name", exact=True).input_value() == "no name!"
    assert faults(page) == []
    context.close()
