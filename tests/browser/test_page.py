"""The page as people see it: every kind of device, narrow and wide, light and dark, with and without a mouse."""

import io
import plistlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.fakes.screen import decoded

pytestmark = pytest.mark.server

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Mobile/15E148 Safari"
ANDROID = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
VIEWS: dict[str, dict[str, Any]] = {
    "iphone": {"user_agent": IPHONE, "viewport": {"width": 393, "height": 852}, "is_mobile": True, "has_touch": True},
    "android": {"user_agent": ANDROID, "viewport": {"width": 412, "height": 915}, "is_mobile": True, "has_touch": True},
    "narrow": {"user_agent": IPHONE, "viewport": {"width": 320, "height": 568}, "is_mobile": True, "has_touch": True},
    "mac": {"user_agent": MAC, "viewport": {"width": 1280, "height": 800}},
    "wide": {"user_agent": WINDOWS, "viewport": {"width": 1920, "height": 1080}},
}


@contextmanager
def opened(chromium: Browser, address: str, **view: Any) -> Iterator[Page]:
    """A page that complains about nothing and fetches nothing from elsewhere."""
    complaints: list[str] = []
    here = urlsplit(address)[:2]
    context = chromium.new_context(**view)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    page.on("request", lambda request: complaints.append(request.url) if urlsplit(request.url)[:2] != here else None)
    page.goto(address)
    try:
        yield page
        assert complaints == []
    finally:
        context.close()


def faults(page: Page) -> list[str]:
    """What axe finds wrong, with the place."""
    violations = Axe().run(page).response["violations"]
    return [f"{found['id']}: {node['html']}" for found in violations for node in found["nodes"]]


def code_on(page: Page) -> list[str]:
    """What a camera reads off the page."""
    return decoded(Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("L"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_fits_every_screen_and_is_open_to_everybody(
    chromium: Browser, url: str, artifacts: Path, view: str, scheme: Any
) -> None:
    with opened(chromium, url, color_scheme=scheme, **VIEWS[view]) as page:
        page.screenshot(path=artifacts / f"{view}-{scheme}.png", full_page=True)
        assert faults(page) == []
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        page.screenshot(path=artifacts / f"{view}-{scheme}-unfolded.png", full_page=True)
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == VIEWS[view]["viewport"]["width"]


def test_an_iphone_is_one_tap_away_from_its_profile(chromium: Browser, url: str) -> None:
    with opened(chromium, url, **VIEWS["iphone"]) as page:
        button = page.get_by_role("link", name="Get the profile").first
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44  # points, Apple's least for a finger
        assert box["y"] + box["height"] < VIEWS["iphone"]["viewport"]["height"]
        assert button.get_attribute("href") == "/homedot.mobileconfig"
        assert code_on(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_computer_shows_a_code_that_a_camera_reads(chromium: Browser, url: str, scheme: Any) -> None:
    with opened(chromium, url, color_scheme=scheme, **VIEWS["mac"]) as page:
        assert code_on(page) == [f"{url}/"]


def test_the_form_makes_a_profile_for_the_wifi_that_was_typed(chromium: Browser, url: str, artifacts: Path) -> None:
    with opened(chromium, url, **VIEWS["mac"]) as page:
        page.get_by_text("Now: on every network").click()
        page.get_by_label("On my Wi-Fi only").check()
        page.get_by_label("Names of your Wi-Fi").fill("Käse & <Söhne>\n🌳 Garden")
        page.get_by_role("button", name="Make this profile").click()
        assert "Used on the Wi-Fi Käse & <Söhne> or 🌳 Garden, and by cable at home." in page.inner_text("main")
        href = page.get_by_role("link", name="Get the profile").first.get_attribute("href")
        assert code_on(page) == [f"{url}/{str(href).removeprefix('/homedot.mobileconfig')}"]
        assert page.get_by_label("On my Wi-Fi only").is_checked()
        assert faults(page) == []
        page.screenshot(path=artifacts / "form.png", full_page=True)
    profile = plistlib.loads(httpx.get(f"{url}{href}").content)
    rules = profile["PayloadContent"][1]["OnDemandRules"]
    assert rules[0]["SSIDMatch"] == ["Käse & <Söhne>", "🌳 Garden"]


def test_says_what_is_wrong_with_a_choice(chromium: Browser, url: str) -> None:
    context = chromium.new_context(**VIEWS["mac"])
    page = context.new_page()
    page.goto(f"{url}/?when=wifi&ssid=")
    assert page.get_by_role("alert").inner_text() == "Which Wi-Fi is yours? Enter its name, as your device shows it."
    assert faults(page) == []
    context.close()


def test_works_with_the_keyboard_alone(chromium: Browser, url: str) -> None:
    with opened(chromium, url, **VIEWS["mac"]) as page:
        reached = []
        for _ in range(40):
            page.keyboard.press("Tab")
            words = page.evaluate("document.activeElement.textContent.trim()")
            reached.append(words)
            if words == "Android":
                page.keyboard.press("Enter")
                break
        assert {"Get the profile", "Test this device", "iPhone, iPad"} <= {*reached}
        assert page.get_by_text("ignores installed roots").is_visible()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_needs_no_javascript_but_for_the_test(chromium: Browser, url: str) -> None:
    with opened(chromium, url, java_script_enabled=False, **VIEWS["mac"]) as page:
        assert page.get_by_text("The test needs JavaScript").is_visible()
        assert page.get_by_role("button", name="Test this device").count() == 0
        page.get_by_text("stubby", exact=True).click()
        assert page.get_by_text("GETDNS_TRANSPORT_TLS").is_visible()
        assert code_on(page) == [f"{url}/"]


def test_the_doctors_page_is_open_to_everybody(chromium: Browser, url: str, artifacts: Path) -> None:
    with opened(chromium, f"{url}/doctor", **VIEWS["iphone"]) as page:
        page.wait_for_selector("details")  # it asks again by itself
        page.click("summary")
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == VIEWS["iphone"]["viewport"]["width"]
        page.screenshot(path=artifacts / "doctor.png", full_page=True)
