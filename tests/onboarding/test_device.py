import pytest

from app.onboarding.device import has_camera_at_hand, kind

BROWSERS = {
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Mobile/15E148": "iphone",
    "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148": "iphone",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15": "mac",
    "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36": "android",
    "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0": "android",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36": "windows",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "linux",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36": "linux",
    "curl/8.14.1": None,
    "": None,
}


@pytest.mark.parametrize(("user_agent", "expected"), BROWSERS.items())
def test_knows_a_device_by_what_its_browser_says(user_agent: str, expected: str | None) -> None:
    assert kind(user_agent) == expected


def test_a_phone_cannot_scan_itself() -> None:
    assert {kind for kind in BROWSERS.values() if has_camera_at_hand(kind)} == {"iphone", "android"}
