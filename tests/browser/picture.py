"""The picture of the setup page in docs: `make picture` makes it anew, with the addresses of an example."""

import io
import tempfile
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Route, sync_playwright

from app.onboarding.enrolment import Enrolment
from app.trust.constraints import Names
from app.trust.store import ensure_own
from app.unbound.reach import ROOT_ANSWERED
from tests.appliance import CHECKOUT, HOSTNAME
from tests.onboarding.asking import BASE, ask

from .conftest import CHROMIUM, opened
from .test_page import VIEWS

PICTURE = CHECKOUT / "docs/setup-page.png"
SIZE = {"width": 393, "height": 830}  # down to the second step
COLOURS = 64
PATHS = ("/", "/style.css", "/selftest.js")


def example() -> Enrolment:
    address = ip_address(str(urlsplit(BASE).hostname))
    with tempfile.TemporaryDirectory() as folder:
        identity = ensure_own(Path(folder), Names(HOSTNAME, (address,)), datetime.now(UTC))
    return Enrolment(
        hostname=HOSTNAME,
        addresses=(address,),
        dot_port=853,
        plain_port=None,
        web_port=8853,
        root_pem=(identity.root_pem or b"").decode(),
        root_sha256=identity.root_sha256,
        spki_pin=identity.spki_pin,
        not_after=identity.not_after,
        resolver="recursive",
        resolver_reason=ROOT_ANSWERED,
    )


def main() -> None:
    enrolment = example()
    view = VIEWS["iphone"] | {"viewport": SIZE, "device_scale_factor": 1.75}

    answers = {path: ask(enrolment, path, user_agent=view["user_agent"]) for path in PATHS}

    def answer(route: Route) -> None:
        got = answers[urlsplit(route.request.url).path]
        route.fulfill(status=got.status_code, body=got.content, content_type=got.headers["content-type"])

    with sync_playwright() as playwright, opened(playwright, CHROMIUM) as browser:
        page = browser.new_context(**view).new_page()
        page.route("**/*", answer)
        page.goto(BASE)
        # A font as wide as the phone's own; and few colours make stripes of a shadow.
        page.add_style_tag(content="body { font-family: 'Liberation Sans' } .card { box-shadow: none }")
        shot = Image.open(io.BytesIO(page.screenshot()))
    shot.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
