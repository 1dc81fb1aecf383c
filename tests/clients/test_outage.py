"""Upstream falls silent, fails, and comes back: what was known is served, failures are kept for a moment only."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import dns.message
import dns.query
import dns.rcode
import pytest

from tests.internet import FICKLE, LEAVES, Internet
from tests.internet.valve import Valve, valve

from .asking import addresses, ask, ask_until_answered, query, reasons
from .conftest import Box

pytestmark = [pytest.mark.server, pytest.mark.engine]

STALE_ANSWER, NO_REACHABLE_AUTHORITY = 3, 22
BACK_WITHIN_S = 10.0
MOST_TRIES = 2 * 6  # unbound's outbound-msg-retry, and the first; and once more to see whether the name is an alias


@pytest.fixture
def fickle(internet: Internet) -> Iterator[Valve]:
    """The name server of fickle.test."""
    with valve((internet.address(FICKLE), 53), (internet.address(LEAVES), 53)) as server:
        yield server


def ask_unbound(box: Box, name: str, deadline_s: float) -> dns.message.Message:
    """The answer of the engine behind the front door."""
    port = int(box.appliance.environment["HOMEDOT_RESOLVER__PORT"])
    return dns.query.udp(query(name), "127.0.0.1", deadline_s, port)


@pytest.fixture
def name() -> str:
    """One that no cache knows; its TTL is 1 s."""
    return f"n{uuid4().hex[:12]}.fickle.test"


def test_x4_e9_what_was_known_is_served_stale_and_padded(own_authority: Box, fickle: Valve, name: str) -> None:
    ask_until_answered(own_authority, name)
    fickle.state = "silent"
    time.sleep(2.1)  # the TTL is over in both caches
    begun_s = time.monotonic()
    response = ask(own_authority, name)
    took_s = time.monotonic() - begun_s

    assert response.rcode() == dns.rcode.NOERROR
    assert addresses(response) == {"192.0.2.7"}
    assert reasons(response) == [STALE_ANSWER]
    assert response.answer[0].ttl == 30
    assert len(response.wire or b"") % 468 == 0
    assert took_s < 3  # unbound waits 1.8 s; the rest is for a busy machine


def test_x4_what_was_stale_is_asked_again_when_upstream_is_back(own_authority: Box, fickle: Valve, name: str) -> None:
    ask_until_answered(own_authority, name)
    fickle.state = "silent"
    time.sleep(2.1)  # the TTL is over in both caches
    assert reasons(ask(own_authority, name)) == [STALE_ANSWER]
    fickle.state = "open"
    assert ask_until_answered(own_authority, name) < BACK_WITHIN_S


def test_x4_stale_answers_are_no_reason_to_ask_again_and_again(own_authority: Box, fickle: Valve, name: str) -> None:
    ask_until_answered(own_authority, name)
    fickle.state = "silent"
    time.sleep(2.1)  # the TTL is over in both caches
    ask(own_authority, name)
    before = fickle.about(name)
    for _ in range(50):
        assert reasons(ask(own_authority, name)) == [STALE_ANSWER]
    assert fickle.about(name) - before <= 6


def test_x4_a_failing_server_is_as_good_as_a_silent_one(own_authority: Box, fickle: Valve, name: str) -> None:
    ask_until_answered(own_authority, name)
    fickle.state = "failing"
    time.sleep(2.1)  # the TTL is over in both caches
    response = ask(own_authority, name)
    assert addresses(response) == {"192.0.2.7"}
    assert reasons(response) == [STALE_ANSWER]


def test_x5_a_failure_is_kept_for_a_moment_and_not_longer(own_authority: Box, fickle: Valve, name: str) -> None:
    fickle.state = "failing"
    for _ in range(50):
        response = ask(own_authority, name)
        assert response.rcode() == dns.rcode.SERVFAIL
        assert reasons(response) == [NO_REACHABLE_AUTHORITY]
    time.sleep(1.1)  # RFC 9520 3.2: one second at least
    ask(own_authority, name)
    assert fickle.about(name) <= MOST_TRIES
    fickle.state = "open"
    assert ask_until_answered(own_authority, name) < BACK_WITHIN_S


def test_x5_what_was_never_known_is_servfail_with_the_reason(own_authority: Box, fickle: Valve, name: str) -> None:
    fickle.state = "silent"
    response = ask(own_authority, name)
    assert response.rcode() == dns.rcode.SERVFAIL
    assert reasons(response) == [NO_REACHABLE_AUTHORITY]
    asked = fickle.about(name)
    for _ in range(10):
        assert ask(own_authority, name).rcode() == dns.rcode.SERVFAIL
    assert fickle.about(name) <= asked + 3 + MOST_TRIES
    fickle.state = "open"
    assert ask_until_answered(own_authority, name) < BACK_WITHIN_S
    assert ask_until_answered(own_authority, f"new-{name}") < BACK_WITHIN_S


def test_x5_unbound_gives_a_silent_server_up_in_seconds(own_authority: Box, fickle: Valve, name: str) -> None:
    """By default it takes half a minute, in which every client gives up first."""
    ask_until_answered(own_authority, name)
    fickle.state = "silent"
    assert ask_unbound(own_authority, f"new-{name}", 15).rcode() == dns.rcode.SERVFAIL


def test_x5_unbound_gives_up_in_seconds_on_a_server_that_never_spoke(own_authority: Box) -> None:
    """unbound 1.26 took half a minute as long as it forgot in the middle that the server is silent."""
    assert ask_unbound(own_authority, "never.dead.test", 15).rcode() == dns.rcode.SERVFAIL


def test_a_zone_without_any_server_is_servfail_with_the_reason(own_authority: Box) -> None:
    response = ask(own_authority, "dead.test")
    assert response.rcode() == dns.rcode.SERVFAIL
    assert reasons(response) == [NO_REACHABLE_AUTHORITY]


def test_a_server_that_is_slow_is_asked_all_the_same(own_authority: Box) -> None:
    """A satellite, or a forwarder that has to look up itself: unbound took it for dead after the first answers."""

    def found() -> set[str]:
        return addresses(ask_unbound(own_authority, f"d1200-{uuid4().hex[:12]}.slow.test", 15))

    with ThreadPoolExecutor(20) as pool:
        asked = []
        for _ in range(20):
            asked.append(pool.submit(found))
            time.sleep(0.4)  # what one household asks
        assert [answer.result() for answer in asked] == [{"192.0.2.4"}] * 20
