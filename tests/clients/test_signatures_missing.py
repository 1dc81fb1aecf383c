"""Signatures stay away: for a few seconds, which costs not much more; for ever, and who leaves them out is named."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen
from uuid import uuid4

import dns.rcode
import pytest

from tests.appliance import DEADLINE_S
from tests.internet import FORWARDER, Internet
from tests.internet.forwarder import PLAIN_PORT
from tests.internet.valve import Valve, valve

from .asking import ask, is_validated, reasons
from .conftest import Box
from .test_forwarding import appliance

pytestmark = [pytest.mark.server, pytest.mark.engine]

MISSING_S = 3.0
BACK_WITHIN_S = 10.0
OF_VALIDATION = range(5, 13)
MINUTE_S = 60.0


@contextmanager
def forwarding(internet: Internet, host: int) -> Iterator[tuple[Box, Valve]]:
    """One that has asked nobody yet, and its forwarder, which leaves signatures out."""
    upstream = internet.address(host)
    with valve((upstream, 53), (internet.address(FORWARDER), PLAIN_PORT)) as seen:
        seen.state = "unsigned"
        with appliance(internet, "", forward=upstream) as box:
            yield box, seen


def fresh(zone: str) -> str:
    return f"n{uuid4().hex[:12]}.wild.{zone}.test"


def are_answered(box: Box) -> bool:
    return all(ask(box, fresh(zone)).rcode() == dns.rcode.NOERROR for zone in ("signed", "unsigned"))


def test_x5_names_are_back_soon_after_signatures_are(internet: Internet) -> None:
    with forwarding(internet, 102) as (box, forwarder):
        until_s = time.monotonic() + MISSING_S
        while time.monotonic() < until_s:
            response = ask(box, fresh("unsigned"))
            assert response.rcode() == dns.rcode.SERVFAIL
            assert set(reasons(response)) <= set(OF_VALIDATION)
            time.sleep(0.2)  # what one household asks
        forwarder.state = "open"
        begun_s = time.monotonic()
        while not are_answered(box):
            assert time.monotonic() - begun_s < BACK_WITHIN_S
            time.sleep(0.2)  # what one household asks
        print(f"back after {time.monotonic() - begun_s:.1f} s")
        assert is_validated(ask(box, fresh("signed")))


def test_a_forwarder_that_does_no_dnssec_is_named_once_wherever_somebody_looks(internet: Internet) -> None:
    with forwarding(internet, 103) as (box, forwarder):
        told = f"the forwarder {internet.address(103)} leaves DNSSEC signatures out"
        deadline_s = time.monotonic() + 2 * MINUTE_S
        while told not in box.appliance.log:
            assert not are_answered(box)
            assert time.monotonic() < deadline_s, box.appliance.log
            time.sleep(1)  # until upkeep's minute
        assert told in box.appliance.homedot("doctor").stdout
        assert told in box.appliance.homedot("status").stdout
        with urlopen(f"http://127.0.0.1:{box.appliance.web_port}/", timeout=DEADLINE_S) as page:
            assert told in page.read().decode()
        forwarder.state = "open"
        while f"no more: {told}" not in box.appliance.log:
            assert time.monotonic() < deadline_s + MINUTE_S, box.appliance.log
            time.sleep(1)  # until upkeep's next minute
        assert box.appliance.log.count(f"action needed: {told}") == 1
        assert told not in box.appliance.homedot("status").stdout
        deadline_s = time.monotonic() + DEADLINE_S
        while not are_answered(box):
            assert time.monotonic() < deadline_s
            time.sleep(0.5)  # until unbound is told to forget what was bogus


def test_nobody_but_unbounds_user_is_heard_by_unbound(internet: Internet) -> None:
    with appliance(internet, "", forward=internet.forwarder_plain) as box:
        control = box.appliance.folder / "run/unbound/control"
        assert control.is_socket()
        connect = f"import socket; socket.socket(socket.AF_UNIX).connect({str(control)!r})"
        for user in ("homedot-dot", "homedot-web", "homedot-lists", "nobody"):
            become = ("setpriv", "--reuid", user, "--regid", user if user != "nobody" else "nogroup", "--clear-groups")
            assert "PermissionError" in box.appliance.run(*become, "python3", "-c", connect).stderr, user
