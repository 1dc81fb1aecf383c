from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.onboarding import device
from app.onboarding.enrolment import Enrolment
from app.onboarding.pages import Pages, Visit
from app.onboarding.snippets import snippets

REPORT = {
    "schema": 2,
    "checked_at": "2026-01-02T03:04:05+00:00",
    "hostname": "dns.home.arpa",
    "address": "192.168.1.10",
    "port": 853,
    "verdict": "fail",
    "says": "There is something to do.",
    "causes": [
        {
            "check": "certificate dates",
            "verdict": "fail",
            "detail": "<b>expired</b>",
            "remedy": "restart & see",
            "not_tried": ["strict query"],
        },
        {"check": "DNSSEC", "verdict": "cannot tell", "detail": "no answer", "remedy": "`look`", "not_tried": []},
    ],
    "checks": [
        {"name": "ALPN dot", "verdict": "pass", "detail": "agreed", "remedy": "", "because": ""},
        {"name": "certificate dates", "verdict": "fail", "detail": "<b>expired</b>", "remedy": "restart & see"},
        {"name": "strict query", "verdict": "not tried", "detail": "it needs: certificate dates", "remedy": ""},
        {"name": "DNSSEC", "verdict": "cannot tell", "detail": "no answer", "remedy": "look"},
    ],
}

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages()


def test_every_page_says_which_homedot_it_is_of(own_authority: Enrolment) -> None:
    pages = Pages("homedot 0.2.0 (commit 1358eeb)")
    for html in (pages.index(own_authority, NOW, Visit()), pages.doctor(REPORT), pages.doctor(None)):
        assert "homedot 0.2.0 (commit 1358eeb)" in html


def test_setup_page_links_to_the_doctor(pages: Pages, own_authority: Enrolment) -> None:
    assert '<a href="/doctor">' in pages.index(own_authority, NOW, Visit())


def test_setup_page_tells_of_the_end_of_the_certificate(pages: Pages, users_certificate: Enrolment) -> None:
    far, near = (replace(users_certificate, not_after=NOW + timedelta(days=days)) for days in (60, 9))
    assert "valid until 2026-03-03, renew it before" in pages.index(far, NOW, Visit())
    assert "refuse to connect" not in pages.index(far, NOW, Visit())
    assert "ends on 2026-01-11, in 9 days" in pages.index(near, NOW, Visit())


def test_steps_show_commands_as_such_and_link_to_the_root(pages: Pages, own_authority: Enrolment) -> None:
    html = pages.index(own_authority, NOW, Visit("linux"))
    assert "<code>update-ca-certificates</code>" in html
    assert 'Save <a href="/ca.pem">http://192.168.1.10:8853/ca.pem</a> as <code>' in html
    assert "`" not in html.partition("Ready lines")[0]


def test_steps_escape_what_the_root_is_called(
    pages: Pages, own_authority: Enrolment, root_named: Callable[[str], x509.Certificate]
) -> None:
    root = root_named("<b>`DNS` & co").public_bytes(Encoding.PEM).decode()
    html = pages.index(replace(own_authority, root_pem=root), NOW, Visit("iphone"))
    assert "switch on &lt;b&gt;<code>DNS</code> &amp; co." in html
    assert "<b>`" not in html


def test_doctor_page_shows_each_cause_and_what_to_do_and_folds_the_checks(pages: Pages) -> None:
    html = pages.doctor(REPORT)
    assert "<h2>There is something to do.</h2>" in html
    assert "dns.home.arpa at 192.168.1.10, port 853" in html
    causes, _, folded = html.partition("<details>")
    assert '<li class="cannot-tell">It cannot be told: no answer' in causes
    assert "&lt;b&gt;expired&lt;/b&gt;" in causes
    assert causes.count("What to do: ") == 2
    assert "What to do: restart &amp; see" in causes
    assert "What to do: <code>look</code>" in causes
    assert "Not tried, for want of this: strict query" in causes
    assert "ALPN dot" not in causes
    assert "<summary>1 checks passed</summary>" in folded
    assert '<li class="not-tried"><b>not tried</b> strict query: it needs: certificate dates</li>' in folded
    assert "http-equiv" not in html


def test_doctor_page_is_content_when_nothing_is_to_be_done_and_only_then(pages: Pages) -> None:
    well = pages.doctor(REPORT | {"verdict": "pass", "says": "Nothing is wrong.", "causes": []})
    assert "<h2>Nothing is wrong.</h2>" in well
    assert "What to do" not in well
    assert "Nothing is wrong" not in pages.doctor(REPORT)


def test_doctor_page_asks_again_while_the_first_report_is_made(pages: Pages) -> None:
    assert '<meta http-equiv="refresh" content="3">' in pages.doctor(None)


def test_doctor_page_says_why_there_is_no_report(pages: Pages) -> None:
    html = pages.doctor("the doctor was not done within 60 s")
    assert "the doctor was not done within 60 s" in html
    assert "http-equiv" not in html


def test_setup_page_says_of_each_device_and_each_program_how_it_leaves(pages: Pages, own_authority: Enrolment) -> None:
    html = pages.index(own_authority, NOW, Visit("android"))
    assert html.count("To leave again: ") == len(device.KINDS) + len(snippets(own_authority))
    assert "Settings › General › VPN &amp; Device Management: choose Homedot and remove it." in html


def test_what_calls_itself_a_mac_gets_the_steps_of_an_ipad_too(pages: Pages, own_authority: Enrolment) -> None:
    html = pages.index(own_authority, NOW, Visit("mac"))
    assert 'Set up this <span class="by-mouse">Mac</span><span class="by-touch">iPad</span>' in html
    assert "Tap Get the profile" in html.partition('<div class="by-touch">')[2].partition("</div>")[0]
