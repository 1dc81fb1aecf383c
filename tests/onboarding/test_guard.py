import asyncio
from dataclasses import replace
from ipaddress import ip_address
from typing import NoReturn

import httpx
import pytest
from starlette.datastructures import Headers

from app.errors import OperatorError
from app.onboarding.enrolment import Enrolment
from app.onboarding.guard import is_addressed, port_notices

from .asking import BASE, NONCE, FrontDoor, Page, application, ask, ask_application
from .test_web import PATHS


@pytest.mark.parametrize("path", [*PATHS, "/absent"])
@pytest.mark.parametrize("host", [None, "evil.example"])
def test_every_answer_carries_the_security_headers(own_authority: Enrolment, path: str, host: str | None) -> None:
    headers = ask(own_authority, path, host=host).headers
    assert headers["content-security-policy"].startswith("default-src 'none';")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers


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
        transport = httpx.ASGITransport(application(lambda: next(enrolments), FrontDoor()))
        async with httpx.AsyncClient(transport=transport, base_url="http://192.168.1.99") as client:
            return [(await client.get("/healthz", headers={"Host": "192.168.1.10"})).status_code for _ in range(2)]

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


def test_a_name_of_the_self_test_reaches_its_one_path_and_no_other(own_authority: Enrolment) -> None:
    host = f"{NONCE}.check.dns.home.arpa:8853"
    assert ask(own_authority, "/check/seen", host=host).status_code == 204
    for path in PATHS:
        assert ask(own_authority, path, host=host).status_code == 421
    assert ask(own_authority, "/check/seen", host="check.dns.home.arpa").status_code == 421
    assert ask(own_authority, "/check/seen", host="evil.example").status_code == 421


def test_the_page_may_fetch_from_here_and_from_the_names_of_the_self_test_alone(own_authority: Enrolment) -> None:
    policy = dict(
        directive.split(" ", 1) for directive in ask(own_authority, "/").headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["connect-src"] == "'self' http://*.check.dns.home.arpa:*"


@pytest.mark.parametrize(
    ("host", "port"),
    [("192.168.1.10:18853", 18853), ("[fd00::10]:18853", 18853), ("dns.home.arpa:18853", 18853), ("192.168.1.10", 80)],
)
def test_a_page_opened_on_another_port_than_it_expects_says_what_to_set(
    own_authority: Enrolment, host: str, port: int
) -> None:
    words = Page(ask(own_authority, "/", host=host).text).words
    assert f"This page was opened on port {port}, but QR code, links and profiles lead to port 8853:" in words
    assert f"set HOMEDOT_WEB__PUBLIC_PORT to {port}" in words
    told = replace(own_authority, web_port=port)
    assert "This page was opened on port" not in Page(ask(told, "/", host=host).text).words


@pytest.mark.parametrize("host", ["192.168.1.10:8853", "localhost:9000", "127.0.0.1:9000"])
def test_a_page_on_its_own_port_or_through_a_tunnel_says_nothing_of_ports(own_authority: Enrolment, host: str) -> None:
    assert "This page was opened on port" not in Page(ask(own_authority, "/", host=host).text).words


def test_a_page_behind_a_proxy_says_nothing_of_ports(own_authority: Enrolment) -> None:
    headers = Headers({"host": "dns.home.arpa", "x-forwarded-proto": "https"})
    assert port_notices(headers, own_authority) == ()


@pytest.mark.parametrize("host", ["raspberrypi.local", "Raspberrypi.Local.:8853", "tower.local"])
def test_answers_to_names_that_only_this_link_can_give(own_authority: Enrolment, host: str) -> None:
    assert ask(own_authority, "/healthz", host=host).status_code == 200


@pytest.mark.parametrize("host", ["local", "a.raspberrypi.local", "raspberrypi.local.evil.example", "raspberrypi"])
def test_answers_to_no_other_names_for_that(own_authority: Enrolment, host: str) -> None:
    answer = ask(own_authority, "/", host=host)
    assert answer.status_code == 421
    assert "add the name to web.names" in answer.text


def test_answers_to_the_address_by_which_somebody_came() -> None:
    assert is_addressed("100.101.102.103:8853", (), {"100.101.102.103"})
    assert is_addressed("[FD7A::0001]:8853", (), {"fd7a::1"})
    assert not is_addressed("100.101.102.104", (), {"100.101.102.103"})
