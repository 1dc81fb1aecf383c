from dataclasses import replace
from datetime import date
from functools import cache
from urllib.parse import urlencode

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from app.onboarding import qr
from app.onboarding.budget import Budget
from app.onboarding.enrolment import Enrolment
from app.onboarding.guides import AFTER_A_MOVE
from app.onboarding.profile import mobileconfig
from app.onboarding.snippets import snippets
from app.onboarding.variant import Variant
from app.onboarding.vitals import Health
from app.unbound.reach import ROOT_ANSWERED
from tests.fakes.clock import Clock

from .asking import BASE, ILL, UNKNOWN, WELL, FrontDoor, Page, application, ask

PATHS = [
    "/",
    "/style.css",
    "/selftest.js",
    "/homedot.mobileconfig",
    "/ca.pem",
    "/ca.der",
    "/healthz",
    "/probe",
    "/doctor",
    "/blocking",
    "/check/new",
]
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
ANDROID = "Mozilla/5.0 (Linux; Android 16; Pixel 9)"


def test_serves_the_profile_as_apple_devices_want_it(own_authority: Enrolment) -> None:
    answer = ask(own_authority, "/homedot.mobileconfig")
    assert answer.status_code == 200
    assert answer.content == mobileconfig(own_authority)
    assert answer.headers["content-type"] == "application/x-apple-aspen-config"
    assert answer.headers["content-disposition"] == "attachment; filename=homedot.mobileconfig"
    assert answer.headers["cache-control"] == "no-store"


def test_serves_the_signed_form_of_the_very_profile(users_certificate: Enrolment) -> None:
    answer = ask(users_certificate, "/homedot.mobileconfig", signed=lambda content: b"signed:" + content)
    assert answer.content == b"signed:" + mobileconfig(users_certificate)
    assert answer.headers["content-type"] == "application/x-apple-aspen-config"


def test_serves_the_variant_that_was_chosen(own_authority: Enrolment) -> None:
    variant = Variant("wifi", ("Käse & <Söhne>", "🌳"), strict=True)
    answer = ask(own_authority, f"/homedot.mobileconfig?{variant.query}")
    assert answer.content == mobileconfig(own_authority, variant)


@pytest.mark.parametrize("query", ["when=sometimes", "when=wifi", "when=wifi&ssid=%00", f"when=wifi&ssid={'x' * 33}"])
def test_refuses_a_variant_that_is_none_and_says_why(own_authority: Enrolment, query: str) -> None:
    answer = ask(own_authority, f"/homedot.mobileconfig?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    page = ask(own_authority, f"/?{query}")
    assert page.status_code == 400
    assert answer.text.strip() in Page(page.text).text


def test_serves_the_root_as_pem_and_der(own_authority: Enrolment, root: x509.Certificate) -> None:
    pem, der = ask(own_authority, "/ca.pem"), ask(own_authority, "/ca.der")
    assert pem.content == root.public_bytes(Encoding.PEM)
    assert pem.headers["content-type"] == "application/x-pem-file"
    assert der.content == root.public_bytes(Encoding.DER)
    assert der.headers["content-type"] == "application/x-x509-ca-cert"


@pytest.mark.parametrize("path", ["/ca.pem", "/ca.der"])
def test_says_that_the_users_certificate_needs_no_root(users_certificate: Enrolment, path: str) -> None:
    answer = ask(users_certificate, path)
    assert answer.status_code == 404
    assert "no root to install" in answer.text


def test_page_says_which_addresses_devices_may_not_reach(own_authority: Enrolment) -> None:
    said = "10.8.0.6 belongs to a VPN, and devices that are not in it do not reach it."
    assert said in Page(ask(replace(own_authority, out_of_reach=(said,)), "/").text).words


def test_page_shows_the_code_of_the_page_for_what_was_chosen(own_authority: Enrolment) -> None:
    url = f"{BASE}/"
    assert qr.svg(url).decode() in ask(own_authority, "/").text
    query = urlencode({"when": "wifi", "ssid": "Käse & <Söhne>"})
    html = ask(own_authority, f"/?{query}", user_agent=MAC).text
    assert qr.svg(f"{url}?{query}").decode() in html
    assert f"/homedot.mobileconfig?{query}" in Page(html).values("href")


def test_page_puts_the_steps_of_this_device_first_and_folds_the_others(own_authority: Enrolment) -> None:
    html = ask(own_authority, "/", user_agent=IPHONE).text
    assert html.index("Certificate Trust Settings") < html.index("<summary>Mac</summary>")
    assert "<summary>iPhone" not in html
    html = ask(own_authority, "/", user_agent=ANDROID).text
    assert html.index("ignores installed roots") < html.index("<summary>iPhone, iPad</summary>")


def test_a_phone_gets_a_button_and_no_code(own_authority: Enrolment) -> None:
    for user_agent, has_button, has_code in ((IPHONE, True, False), (MAC, True, True), (ANDROID, False, False)):
        page = Page(ask(own_authority, "/", user_agent=user_agent).text)
        assert ("svg" in page.tags) is has_code
        assert (("class", "button") in page.attributes) is has_button


def test_page_says_how_the_box_is_and_how_many_devices_it_has(own_authority: Enrolment) -> None:
    assert f"{WELL.text}. 3 devices connected" in Page(ask(own_authority, "/").text).words
    silent = Page(ask(own_authority, "/", front=FrontDoor(answers=False)).text).words
    assert f"{ILL.text}. Why?" in silent
    assert "connected" not in silent


@pytest.mark.parametrize(("health", "lamp"), [(WELL, "status good"), (ILL, "status bad"), (UNKNOWN, "status ")])
def test_page_is_green_only_when_all_is_well(own_authority: Enrolment, health: Health, lamp: str) -> None:
    page = Page(ask(own_authority, "/", front=FrontDoor(health=health)).text)
    assert ("class", lamp) in page.attributes


def test_page_shows_what_to_compare_and_every_step(own_authority: Enrolment) -> None:
    words = Page(ask(own_authority, "/").text).words
    for found in (
        str(own_authority.root_sha256),
        own_authority.spki_pin,
        "Homedot DNS CA 1a2b3c",
        f"recursive: {ROOT_ANSWERED}",
        "Certificate Trust Settings",
        "ignores installed roots",
        "DNS=192.168.1.10#dns.home.arpa",
        "System Settings › General › Device Management",
    ):
        assert found in words


@pytest.mark.parametrize(
    ("plain_port", "said"), [(53, "changes over if the certificate holds"), (None, "plain.enabled")]
)
def test_page_says_what_discovery_can_and_cannot_do(
    own_authority: Enrolment, plain_port: int | None, said: str
) -> None:
    text = Page(ask(replace(own_authority, plain_port=plain_port), "/").text).text
    assert said in text
    assert "at home they need the profile" in text


def test_page_has_the_ready_lines_folded(own_authority: Enrolment) -> None:
    page = Page(ask(own_authority, "/").text)
    for snippet in snippets(own_authority):
        assert snippet.text in page.text
    assert page.tags.count("details") == page.tags.count("summary")
    assert ("open", None) not in page.attributes


def test_page_with_the_users_certificate_offers_no_root(users_certificate: Enrolment) -> None:
    html = ask(users_certificate, "/").text
    assert "ca.pem" not in html
    assert "SHA-256" not in html
    assert "dns.example.org" in html


def test_page_warns_about_another_port(own_authority: Enrolment) -> None:
    assert "always use port 853" not in ask(own_authority, "/").text
    assert "always use port 853" in ask(replace(own_authority, dot_port=8530), "/").text


def test_page_says_since_when_devices_must_scan_again(own_authority: Enrolment) -> None:
    page = ask(replace(own_authority, moved_on=date(2026, 6, 1)), "/").text
    assert f"changed on 2026-06-01: {AFTER_A_MOVE}" in page


def test_page_works_under_its_own_content_security_policy(own_authority: Enrolment) -> None:
    page = Page(ask(own_authority, "/", user_agent=MAC).text)
    assert not {"style", "iframe", "img"} & {*page.tags}
    assert page.tags.count("script") == page.values("src").count("/selftest.js") == 1
    assert not [name for name, _ in page.attributes if name == "style" or name.startswith("on")]
    links = page.values("href", "src", "action")
    assert "/homedot.mobileconfig" in links
    for link in links:
        assert link.startswith(("/", "#"))
        assert ask(own_authority, link).status_code == 200


def test_page_can_be_read_aloud(own_authority: Enrolment) -> None:
    page = Page(ask(own_authority, "/").text)
    assert ("lang", "en") in page.attributes
    assert page.tags.count("h1") == page.tags.count("main") == 1
    assert f"QR code of {BASE}/" in page.values("aria-label")


@cache
def tags_of(enrolment: Enrolment, path: str) -> list[str]:
    """Of that page, made once."""
    return Page(ask(enrolment, path).text).tags


MARKUP = st.sampled_from(["<b>", "</p>", "<script>", "<!--", "&amp;", "&lt", '"', "'", "{{ 1 }}", "{% raw %}", "`x`"])


@settings(deadline=None)
@given(reason=st.lists(MARKUP | st.text(st.characters(exclude_categories=("C", "Z"))), min_size=1).map("".join))
def test_page_escapes_what_it_is_given(own_authority: Enrolment, reason: str) -> None:
    page = Page(ask(replace(own_authority, resolver_reason=reason), "/").text)
    assert f"recursive: {reason}" in page.text
    assert page.tags == tags_of(own_authority, "/")


@settings(deadline=None)
@given(ssid=st.lists(MARKUP, min_size=1, max_size=3).map("".join))
def test_page_escapes_what_is_asked_of_it(own_authority: Enrolment, ssid: str) -> None:
    page = Page(ask(own_authority, f"/?{urlencode({'when': 'wifi', 'ssid': ssid})}").text)
    assert f"on the Wi-Fi {ssid}, and by cable at home" in page.text
    plain = tags_of(own_authority, "/?when=wifi&ssid=Home")
    assert [tag for tag in page.tags if tag != "path"] == [tag for tag in plain if tag != "path"]


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_a_body(own_authority: Enrolment, path: str) -> None:
    got, head = ask(own_authority, path), ask(own_authority, path, "HEAD")
    assert head.status_code == got.status_code == 200
    assert head.headers == got.headers


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_refuses_every_other_method(own_authority: Enrolment, path: str, method: str) -> None:
    assert ask(own_authority, path, method).status_code == 405


@pytest.mark.parametrize(
    "path", ["/ca.key", "/../enrolment.json", "/%2e%2e/%2e%2e/etc/passwd", "/static/style.css", "/templates/index.html"]
)
def test_serves_nothing_else(own_authority: Enrolment, path: str) -> None:
    assert ask(own_authority, path).status_code == 404


@pytest.mark.anyio
async def test_who_cannot_be_told_from_others_is_told_so(own_authority: Enrolment) -> None:
    app = application(lambda: own_authority, FrontDoor(), budget=Budget(Clock(), ["172.17.0.1"]))
    for address, is_told in (("172.17.0.1", True), ("192.168.1.23", False)):
        transport = httpx.ASGITransport(app, client=(address, 40000))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            words = Page((await client.get("/")).text).words
        assert (f"You appear as {address}, as do all who come through this container's network" in words) is is_told
