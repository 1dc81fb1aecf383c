"""What the page says about browsers that really ask through DNS over TLS, in plain DNS, and elsewhere."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.appliance import Appliance

from .conftest import Resolver
from .test_page import faults

pytestmark = pytest.mark.server


def dnsmasq(address: str, *more: str) -> list[str]:
    """A forwarder in plain DNS that keeps nothing."""
    quiet = ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file=", "--user=root"]
    return ["dnsmasq", *quiet, "--cache-size=0", "--bind-interfaces", f"--listen-address={address}", *more]


def verdict_in(browser: Browser, url: str) -> Page:
    page = browser.new_page()
    page.goto(url)
    page.get_by_role("button", name="Test this device").click()
    page.get_by_role("button", name="Test again").wait_for()
    return page


def facts(page: Page) -> dict[str, str]:
    labels, values = page.locator(".facts dt"), page.locator(".facts dd")
    return dict(zip(labels.all_inner_texts(), values.all_inner_texts(), strict=True))


def test_a_browser_behind_stubby_is_encrypted(
    appliance: Appliance, url: str, chromium_resolving_with: Resolver, address: str, *, tmp_path: Path, artifacts: Path
) -> None:
    text = appliance.homedot("snippet", "stubby").stdout
    text = text.replace("/usr/local/share/ca-certificates/homedot.crt", str(appliance.root))
    text = text.replace("- 127.0.0.1\n", f"- {address}\n", 1).replace(" ::1", " 0::1")  # which stubby cannot read
    (tmp_path / "stubby.yml").write_text(text)
    with chromium_resolving_with(["stubby", "-C", str(tmp_path / "stubby.yml")], address) as browser:
        page = verdict_in(browser, url)
        assert page.locator(".verdict-title").inner_text() == "Encrypted."
        found = facts(page)
        assert (found["Transport"], found["Session"]) == ("DNS over TLS, TLS 1.3", "new")
        assert found["Cipher"].startswith("TLS_")
        assert faults(page) == []
        page.screenshot(path=artifacts / "selftest-encrypted.png", full_page=True)


def test_a_browser_that_asks_in_plain_dns_is_told_so(
    appliance: Appliance, url: str, chromium_resolving_with: Resolver, address: str, artifacts: Path
) -> None:
    here = f"--server=127.0.0.1#{appliance.environment['HOMEDOT_PLAIN__PORT']}"
    with chromium_resolving_with(dnsmasq(address, here), address) as browser:
        page = verdict_in(browser, url)
        assert page.locator(".verdict-title").inner_text() == "Through this box, but not encrypted."
        assert facts(page) == {"Transport": "plain DNS over UDP", "From": "127.0.0.1"}
        assert faults(page) == []
        page.screenshot(path=artifacts / "selftest-plain.png", full_page=True)


def test_a_browser_that_asks_elsewhere_is_told_so(
    url: str, chromium_resolving_with: Resolver, address: str, artifacts: Path
) -> None:
    with chromium_resolving_with(dnsmasq(address), address) as browser:
        page = verdict_in(browser, url)
        assert page.locator(".verdict-title").inner_text() == "Not through this box."
        assert page.locator(".facts").count() == 0
        assert faults(page) == []
        page.screenshot(path=artifacts / "selftest-elsewhere.png", full_page=True)
