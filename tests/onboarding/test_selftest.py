from typing import Any

import pytest

from app.onboarding.enrolment import Enrolment
from app.onboarding.selftest import judge

from .asking import CLIENT, NONCE, SEEN, FrontDoor, ask


def test_gives_a_name_that_nobody_was_given_before(own_authority: Enrolment) -> None:
    answer = ask(own_authority, "/check/new")
    assert answer.json() == {"nonce": NONCE, "host": f"{NONCE}.check.dns.home.arpa", "path": "/check/seen"}
    assert answer.headers["cache-control"] == "no-store"


def test_tells_how_one_question_came(own_authority: Enrolment) -> None:
    found = ask(own_authority, f"/check/{NONCE}", front=FrontDoor(arrivals={NONCE: SEEN})).json()
    assert (found["kind"], found["title"]) == ("encrypted", "Encrypted.")
    assert dict(found["facts"]) == {
        "Transport": "DNS over TLS, TLS 1.3",
        "Cipher": "TLS_AES_256_GCM_SHA384",
        "ALPN": "none offered",
        "Session": "new",
        "From": CLIENT,
    }


@pytest.mark.parametrize("nonce", ["0b" * 17, "seen2", "%00", "..%2f", "x" * 4000])
def test_knows_nothing_of_other_nonces(own_authority: Enrolment, nonce: str) -> None:
    answer = ask(own_authority, f"/check/{nonce}", front=FrontDoor(arrivals={NONCE: SEEN}))
    assert answer.status_code != 200 or answer.json()["kind"] == "elsewhere"


@pytest.mark.parametrize("path", ["/check/new", f"/check/{NONCE}"])
def test_says_when_the_front_door_does_not_answer(own_authority: Enrolment, path: str) -> None:
    answer = ask(own_authority, path, front=FrontDoor(answers=False))
    assert answer.status_code == 503
    assert answer.json() == {"error": "the front door does not answer"}


@pytest.mark.parametrize(
    ("arrival", "browser", "kind", "words"),
    [
        (SEEN, CLIENT, "encrypted", "Nobody between this device and this box"),
        (SEEN, f"::ffff:{CLIENT}", "encrypted", "Nobody between this device and this box"),
        (SEEN, "fd00::23", "encrypted", "Nobody between this device and this box"),
        (SEEN, "192.168.1.24", "encrypted", f"came from {CLIENT}, which is not this device"),
        ({"client": CLIENT, "transport": "udp"}, CLIENT, "plain", "Anybody in this network"),
        ({"client": CLIENT, "transport": "tcp"}, CLIENT, "plain", "Anybody in this network"),
        ({"client": "192.168.1.1", "transport": "udp"}, CLIENT, "plain", "your router asks this box in plain DNS"),
        (None, CLIENT, "elsewhere", "asked another resolver"),
    ],
)
def test_says_what_it_means_and_what_to_do(arrival: dict[str, Any] | None, browser: str, kind: str, words: str) -> None:
    verdict = judge(arrival, browser)
    assert verdict.kind == kind
    assert words in verdict.todo


def test_shows_alpn_and_resumption() -> None:
    facts = dict(judge(SEEN | {"alpn": "dot", "resumed": True}, CLIENT).facts)
    assert (facts["ALPN"], facts["Session"]) == ("dot", "resumed")
    assert dict(judge({"client": CLIENT, "transport": "udp"}, CLIENT).facts)["Transport"] == "plain DNS over UDP"
