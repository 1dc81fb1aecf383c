import asyncio
import errno
import plistlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from ipaddress import ip_address
from typing import Any, NoReturn

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import OperatorError
from app.onboarding import qr, web
from app.onboarding.enrolment import Enrolment
from app.onboarding.profile import mobileconfig
from app.onboarding.snippets import snippets

BASE = "http://192.168.1.10:8853"
PATHS = ["/", "/style.css", "/qr.svg", "/homedot.mobileconfig", "/ca.pem", "/ca.der", "/healthz", "/doctor"]


def ask(
    enrolment: Enrolment,
    path: str,
    method: str = "GET",
    host: str | None = None,
    healthy: bool = True,
    signed: Callable[[bytes], bytes] = bytes,
) -> httpx.Response:
    return ask_application(lambda: enrolment, path, method, host, healthy, signed)


def no_report() -> None:
    """As long as the doctor is at its first."""


async def no_metrics() -> str:
    return "# TYPE homedot_connections gauge\nhomedot_connections 1\n"


def ask_application(
    read_enrolment: Any,
    path: str,
    method: str = "GET",
    host: str | None = None,
    healthy: bool = True,
    signed: Callable[[bytes], bytes] = bytes,
) -> httpx.Response:
    async def health() -> bool:
        return healthy

    async def run() -> httpx.Response:
        application = web.application(read_enrolment, health, no_metrics, no_report, signed)
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.request(method, path, headers={} if host is None else {"Host": host})

    return asyncio.run(run())


class Page(HTMLParser):
    """The tags, attributes and words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


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


def test_serves_the_code_of_the_profile(own_authority: Enrolment) -> None:
    answer = ask(own_authority, "/qr.svg")
    assert answer.content == qr.svg(f"{BASE}/homedot.mobileconfig")
    assert answer.headers["content-type"] == "image/svg+xml"


def test_health_is_what_it_is_told(own_authority: Enrolment) -> None:
    well, ill = ask(own_authority, "/healthz"), ask(own_authority, "/healthz", healthy=False)
    assert (well.status_code, well.text) == (200, "ok\n")
    assert ill.status_code == 503
    assert "does not answer" in ill.text
    assert well.headers["content-type"].startswith("text/plain")


def test_page_shows_what_to_compare_and_every_step(own_authority: Enrolment) -> None:
    text = " ".join(Page(ask(own_authority, "/").text).text.split())
    for words in (
        str(own_authority.root_sha256),
        own_authority.spki_pin,
        "Homedot DNS CA 1a2b3c",
        "recursive: a root server answered",
        "Certificate Trust Settings",
        "ignores installed roots",
        "DNS=192.168.1.10#dns.home.arpa",
        "System Settings > General > Device Management",
    ):
        assert words in text


def test_page_has_the_ready_lines_folded(own_authority: Enrolment) -> None:
    page = Page(ask(own_authority, "/").text)
    for snippet in snippets(own_authority):
        assert snippet.text in page.text
    assert page.tags.count("details") == page.tags.count("summary") == len(snippets(own_authority))
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
    assert "changed on 2026-06-01: on every device that was set up before, scan the code" in page


def test_page_works_under_its_own_content_security_policy(own_authority: Enrolment) -> None:
    page = Page(ask(own_authority, "/").text)
    assert not {"script", "style", "form", "iframe"} & {*page.tags}
    assert not [name for name, _ in page.attributes if name == "style" or name.startswith("on")]
    links = [value for name, value in page.attributes if name in ("href", "src")]
    assert "/homedot.mobileconfig" in links
    for link in links:
        assert link is not None
        assert ask(own_authority, link).status_code == 200


def test_page_can_be_read_aloud(own_authority: Enrolment) -> None:
    page = Page(ask(own_authority, "/").text)
    assert ("lang", "en") in page.attributes
    assert page.tags.count("h1") == page.tags.count("main") == 1
    assert page.tags.count("img") == len([1 for name, value in page.attributes if name == "alt" and value])


MARKUP = st.sampled_from(["<b>", "</p>", "<script>", "<!--", "&amp;", "&lt", '"', "'", "{{ 1 }}", "{% raw %}"])


@settings(deadline=None)
@given(reason=st.lists(MARKUP | st.text(st.characters(exclude_categories=("C", "Z"))), min_size=1).map("".join))
def test_page_escapes_what_it_is_given(own_authority: Enrolment, reason: str) -> None:
    page = Page(ask(replace(own_authority, resolver_reason=reason), "/").text)
    assert f"recursive: {reason}" in page.text
    assert page.tags == Page(ask(own_authority, "/").text).tags


@pytest.mark.parametrize("path", [*PATHS, "/absent"])
@pytest.mark.parametrize("host", [None, "evil.example"])
def test_every_answer_carries_the_security_headers(own_authority: Enrolment, path: str, host: str | None) -> None:
    headers = ask(own_authority, path, host=host).headers
    assert headers["content-security-policy"].startswith("default-src 'none';")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers


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


@pytest.mark.parametrize(
    "host",
    [
        "192.168.1.10",
        "192.168.1.10:8853",
        "[fd00::10]",
        "[fd00::10]:80",
        "[FD00:0:0:0:0:0:0:10]:8853",
        "dns.home.arpa",
        "DNS.Home.Arpa.:8853",
        "localhost:8853",
        "127.0.0.1:1",
        "[::1]:8853",
    ],
)
def test_answers_to_its_own_names_and_addresses(own_authority: Enrolment, host: str) -> None:
    assert ask(own_authority, "/healthz", host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8853",
        "192.168.1.11",
        "192.168.1.10.evil.example",
        "dns.home.arpa.evil.example",
        "evil.example@192.168.1.10",
        "192.168.1.10 evil.example",
        "192.168.1.10:8853:8853",
        "[192.168.1.10",
        "[dns.home.arpa]",
        "0.0.0.0",
        "home.arpa",
    ],
)
def test_refuses_names_that_are_not_its_own_and_says_where_it_is(own_authority: Enrolment, host: str) -> None:
    answer = ask(own_authority, "/homedot.mobileconfig", host=host)
    assert answer.status_code == 421
    assert f"Open {BASE}/ instead" in answer.text


def test_a_changed_enrolment_shows_at_once(own_authority: Enrolment) -> None:
    enrolments = iter([own_authority, replace(own_authority, addresses=(ip_address("192.168.1.11"),))])

    async def run() -> list[int]:
        transport = httpx.ASGITransport(
            web.application(lambda: next(enrolments), lambda: asyncio.sleep(0, True), no_metrics, no_report, bytes)
        )
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return [(await client.get("/healthz")).status_code for _ in range(2)]

    assert asyncio.run(run()) == [200, 421]


def test_says_why_when_the_enrolment_cannot_be_read() -> None:
    def unreadable() -> NoReturn:
        raise OperatorError("enrolment.json: is missing: restart Homedot")

    answer = ask_application(unreadable, "/")
    assert answer.status_code == 503
    assert answer.text == "enrolment.json: is missing: restart Homedot\n"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_failure_tells_no_details(own_authority: Enrolment) -> None:
    def broken() -> NoReturn:
        raise RuntimeError("secret")

    answer = ask_application(broken, "/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_names_the_setting_when_the_port_is_taken() -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OperatorError, match=f"web.port: {port} is in use"):
            web.listen(port)


@pytest.mark.parametrize("problem", [OSError(errno.EAFNOSUPPORT, "no IPv6"), ValueError("no dual stack")])
def test_serves_ipv4_alone_where_there_is_no_ipv6(problem: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    create_server = socket.create_server

    def without_ipv6(address: tuple[str, int], *, family: int = socket.AF_INET, **options: bool) -> socket.socket:
        if family == socket.AF_INET6:
            raise problem
        return create_server(address, family=family, **options)

    monkeypatch.setattr(socket, "create_server", without_ipv6)
    with web.listen(0) as listener:
        assert listener.family == socket.AF_INET


SERVER = """
import asyncio, logging, sys

async def healthy():
    print("asked for its health", flush=True)
    await asyncio.sleep(float(sys.argv[3]))
    return True

from app.onboarding import enrolment, web
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
web.LIFETIME = float(sys.argv[2])
web.serve(web.application(lambda: enrolment.from_json(sys.argv[1]), healthy, healthy, str, bytes), 0)
"""


@contextmanager
def served(
    enrolment: Enrolment, lifetime: float = 30, health_takes: float = 0
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A real server in its own process, and its port; gone afterwards."""
    command = [sys.executable, "-c", SERVER, enrolment.to_json(), str(lifetime), str(health_takes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            match = re.fullmatch(r"the setup page is on port (\d+)\n", process.stdout.readline())
            assert match is not None
            yield process, int(match[1])
        finally:
            process.kill()


@pytest.mark.server
def test_serves_the_same_over_ipv4_and_ipv6(own_authority: Enrolment) -> None:
    with served(own_authority) as (_, port):
        four, six = (httpx.get(f"http://{host}:{port}/homedot.mobileconfig") for host in ("127.0.0.1", "[::1]"))
        refused = httpx.get(f"http://127.0.0.1:{port}/", headers={"Host": "evil.example"})
    assert four.content == six.content == mobileconfig(own_authority)
    assert plistlib.loads(four.content)["PayloadScope"] == "System"
    assert "server" not in four.headers
    assert refused.status_code == 421


@pytest.mark.server
def test_stops_at_once_on_sigterm_with_a_client_connected(own_authority: Enrolment) -> None:
    with served(own_authority) as (process, port), httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/healthz").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=3) == -signal.SIGTERM


@pytest.mark.server
def test_stops_soon_on_sigterm_with_a_request_that_hangs(own_authority: Enrolment) -> None:
    with (
        served(own_authority, health_takes=60) as (process, port),
        socket.create_connection(("127.0.0.1", port), timeout=5) as client,
    ):
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert process.stdout is not None
        assert process.stdout.readline() == "asked for its health\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == -signal.SIGTERM


@pytest.mark.server
def test_ends_a_connection_that_asks_nothing(own_authority: Enrolment) -> None:
    with served(own_authority, lifetime=0.2) as (_, port):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as silent:
            assert silent.recv(1) == b""
        with socket.create_connection(("127.0.0.1", port), timeout=5) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nHost: local")
            assert slow.recv(1) == b""


@pytest.mark.server
def test_refuses_an_endless_head(own_authority: Enrolment) -> None:
    with (
        served(own_authority) as (_, port),
        socket.create_connection(("127.0.0.1", port), timeout=5) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 20_000)
        assert client.recv(100).startswith(b"HTTP/1.1 4")


@pytest.mark.server
def test_server_log_stays_silent_about_broken_requests(own_authority: Enrolment) -> None:
    with served(own_authority) as (process, port):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"\x16\x03\x01\x02\x00\x01\r\n\r\n")
            client.recv(100)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=5)[0] == ""


def test_metrics_are_text_for_prometheus(own_authority: Enrolment) -> None:
    answer = ask(own_authority, "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "homedot_connections 1" in answer.text
