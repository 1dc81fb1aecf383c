"""Whoever follows the QR code in the log, on whichever device, sees there what to do next."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.onboarding.steps import OPEN_PAGE
from tests.appliance import Appliance
from tests.fakes.screen import codes_in

from .test_page import MAC, VIEWS, code_on, faults, opened

pytestmark = pytest.mark.server

IPAD: dict[str, Any] = {
    "user_agent": MAC,
    "viewport": {"width": 820, "height": 1180},
    "is_mobile": True,
    "has_touch": True,
}


@pytest.fixture
def followed(appliance: Appliance) -> str:
    """The address in the code."""
    (address,) = codes_in(appliance.log)
    assert f"{OPEN_PAGE} {address}\n" in appliance.log
    return address


def steps(page: Page) -> list[str]:
    """What stands under the first heading, as far as it is to be seen."""
    shown = [step for step in page.locator(".join .steps .do").all() if step.is_visible()]
    return [step.inner_text() for step in shown]


def heading(page: Page) -> str:
    return page.locator("#join").inner_text()


@pytest.mark.parametrize(
    ("view", "name"), [(VIEWS["iphone"], "iPhone or iPad"), (IPAD, "iPad")], ids=["iphone", "ipad"]
)
def test_an_iphone_or_ipad_gets_the_profile_and_each_step_after_the_download(
    chromium: Browser, followed: str, view: dict[str, Any], name: str
) -> None:
    with opened(chromium, followed, **view) as page:
        assert heading(page) == f"Set up this {name}"
        assert not page.locator("figure.code").is_visible()  # a picture of the whole page forgets that there is touch
        tap, install, trust, test = steps(page)
        assert "allow the download" in tap
        assert install == "Settings › Profile Downloaded › Install."
        assert trust.startswith("Settings › General › About › Certificate Trust Settings: switch on Homedot DNS CA")
        assert "Test this device" in test
        words = page.locator(".join").inner_text()
        assert "compare it with the log of the box" in words
        assert page.locator(".compare .print").is_visible()
        assert "To leave again: Settings › General › VPN & Device Management: choose Homedot" in words
        assert page.get_by_role("button", name="Test this device").is_visible()
        assert faults(page) == []
    context = chromium.new_context(**view)  # not `opened`, for which a download is a request that failed
    page = context.new_page()
    page.goto(followed)
    with page.expect_download() as download:
        page.get_by_role("link", name="Get the profile").first.click()
    assert download.value.suggested_filename == "homedot.mobileconfig"
    assert steps(page) == [tap, install, trust, test]  # still on the screen
    context.close()


def test_an_android_device_is_told_the_truth_and_given_no_profile(chromium: Browser, followed: str) -> None:
    with opened(chromium, followed, **VIEWS["android"]) as page:
        assert heading(page) == "Set up this Android device"
        assert code_on(page) == []
        assert "ignores installed roots" in steps(page)[0]
        assert steps(page)[-1] == "Settings › Network & internet › Private DNS: Automatic."
        assert not page.locator(".join").get_by_role("link", name="Get the profile").is_visible()
        assert faults(page) == []


def test_a_mac_gets_its_own_steps_and_a_code_for_the_phone(chromium: Browser, followed: str) -> None:
    with opened(chromium, followed, **VIEWS["mac"]) as page:
        assert heading(page) == "Set up this Mac"
        assert code_on(page) == [followed]
        assert any("Device Management: double-click Homedot" in step for step in steps(page))
        assert any("Keychain Access › System › Certificates" in step for step in steps(page))
        assert not any("Certificate Trust Settings" in step for step in steps(page))
        assert faults(page) == []


def test_another_computer_gets_its_lines_and_a_code_for_the_phone(chromium: Browser, followed: str) -> None:
    with opened(chromium, followed, **VIEWS["wide"]) as page:
        assert heading(page) == "Set up this Windows computer"
        assert code_on(page) == [followed]
        assert "netsh dns add global dot=yes" in page.locator(".join pre").inner_text()
        assert "netsh dns delete global dot" in page.locator(".join .leave").inner_text()
        assert faults(page) == []
