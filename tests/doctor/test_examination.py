"""The checks as a whole: what is made, side by side or not at all, and what is a cause."""

import socket
import threading
import time
from pathlib import Path

import pytest

from app.doctor.examination import examine
from app.doctor.report import CHECKS
from app.doctor.target import LookUp, Verdict
from tests.fakes.dot_server import DotServer, noerror, silence
from tests.fakes.pki import Authority

from .examining import box, examined, faults


def test_passes_a_server_that_does_right(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain) as server:
        report = examined(server, authority)
    assert {finding.name: finding.outcome.detail for finding in report.findings if finding.outcome.remedy} == {}
    assert [finding.name for finding in report.findings] == list(CHECKS)
    assert report.exit_code == 0


def test_finds_a_server_that_is_silent(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, silence) as server:
        found = faults(server, authority, timeout_s=1.5)
    assert {name: outcome.verdict for name, outcome in found.items()} == {"address": Verdict.FAIL}
    assert found["address"].detail == f"127.0.0.1 port {server.port}: no answer within 1.5 s"


@pytest.mark.parametrize("drip", ["handshake", "answer"])
def test_is_done_in_time_against_a_server_that_drips(authority: Authority, good_chain: Path, drip: str) -> None:
    with DotServer(good_chain, drip=drip) as server:
        began = time.monotonic()
        found = faults(server, authority, timeout_s=1.5)
        assert time.monotonic() - began < 10
    assert set(found) == {"address"}


def test_that_nothing_listens_is_one_fault(authority: Authority) -> None:
    report = examine(box(closed_port(), authority, front_door_fault="no socket"))
    (cause,) = report.causes
    assert (cause.name, cause.outcome.verdict) == ("front door", Verdict.FAIL)
    assert cause.outcome.detail == "dot, the program that answers devices, does not run: no socket"
    assert set(report.hanging_on("front door")) == set(CHECKS) - {"front door", "clock", "block lists", "who may ask"}


def test_a_port_that_is_not_published_is_one_fault(authority: Authority) -> None:
    port = closed_port()
    (cause,) = examine(box(port, authority)).causes
    assert cause.outcome.detail == f"dot runs, but nobody answers at 127.0.0.1 port {port}: connection refused"


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        return int(reserved.getsockname()[1])


def test_a_check_that_hangs_on_nothing_is_made_whatever_the_others_find(authority: Authority) -> None:
    report = examine(box(closed_port(), authority, front_door_fault="no socket", lists=["the list is missing"]))
    assert [cause.name for cause in report.causes] == ["front door", "block lists"]


def test_a_list_that_is_missing_while_the_internet_is_not_reached_is_no_other_fault(
    authority: Authority, good_chain: Path
) -> None:
    dead = LookUp(False, "not answered", "look at the line")
    with DotServer(good_chain) as server:
        report = examined(server, authority, lists=["the list is missing"], look_up=lambda _: dead)
    assert [cause.name for cause in report.causes] == ["internet"]
    assert set(report.hanging_on("internet")) == {"block lists", "DNSSEC", "bogus name", "answer order"}


def test_settings_in_remedies_are_called_as_the_box_has_them(authority: Authority) -> None:
    report = examine(box(closed_port(), authority), in_force=lambda text: text.replace("`addresses`", "ADDRESSES"))
    assert report.causes[0].outcome.remedy.endswith("else set ADDRESSES")


def test_a_check_that_crashes_fails_and_the_others_still_run(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, lambda query: noerror(query)[:-3]) as server:
        found = faults(server, authority)
    assert {name for name, outcome in found.items() if outcome.detail.startswith("the check broke off: ")} == set(found)
    assert {"internet", "strict query", "padding", "keepalive"} == set(found)


def test_opens_no_more_connections_at_once_than_it_is_told(authority: Authority, good_chain: Path) -> None:
    open_now, most = 0, 0
    lock = threading.Lock()

    class Counting(DotServer):
        def serve(self, plain: socket.socket) -> None:
            nonlocal open_now, most
            with lock:
                open_now += 1
                most = max(most, open_now)
            try:
                super().serve(plain)
            finally:
                with lock:
                    open_now -= 1

    # Until a server has seen the end of one connection, the next may have begun.
    with Counting(good_chain) as server:
        examine(box(server.port, authority), at_once=2)
    assert most <= 2 + 2
