"""What is wrong with this box? The list of checks as a whole, and the report."""

import json
import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.doctor.report import CHECKS, Finding, Report, examine
from app.doctor.target import CheckResult, Verdict, cannot_tell, fails, passes
from tests.fakes.dot_server import DotServer, noerror, silence
from tests.fakes.pki import Authority

from .examining import NAME, box, examined, faults


def test_passes_a_server_that_does_right(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain) as server:
        report = examined(server, authority)
    assert {finding.name: finding.outcome.detail for finding in report.findings if finding.outcome.remedy} == {}
    assert [finding.name for finding in report.findings] == list(CHECKS)
    assert not report.failed


def test_finds_a_server_that_is_silent(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, silence) as server:
        found = faults(server, authority, timeout_s=1.5)
    verdicts = {name: outcome.verdict for name, outcome in found.items()}
    questions = {"strict query", "resumption", "padding", "keepalive", "answer order"}
    assert verdicts == dict.fromkeys(questions, Verdict.FAIL) | dict.fromkeys(
        ("DNSSEC", "bogus name"), Verdict.CANNOT_TELL
    )
    assert found["strict query"].detail == f"127.0.0.1 port {server.port}: no answer within 1.5 s"


@pytest.mark.parametrize("drip", ["handshake", "answer"])
def test_is_done_in_time_against_a_server_that_drips(authority: Authority, good_chain: Path, drip: str) -> None:
    with DotServer(good_chain, drip=drip) as server:
        began = time.monotonic()
        found = faults(server, authority, timeout_s=1.5)
        assert time.monotonic() - began < 10
    assert "strict query" in found


ASKING_NOBODY = ("who may ask", "public name")
"""Where there is no public name."""


def test_finds_that_nothing_listens(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    findings = examine(box(port, authority)).findings
    found = [finding.outcome for finding in findings if finding.name not in ASKING_NOBODY]
    assert {outcome.verdict for outcome in found} == {Verdict.FAIL}
    assert {outcome.detail for outcome in found} == {f"127.0.0.1 port {port}: connection refused"}


def test_a_check_that_crashes_fails_and_the_others_still_run(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, lambda query: noerror(query)[:-3]) as server:
        found = faults(server, authority)
    assert set(found) == {"strict query", "padding", "keepalive", "DNSSEC", "bogus name"}
    assert found["DNSSEC"].detail.startswith("the check broke off: ")


@pytest.fixture
def report(authority: Authority) -> Report:
    outcomes = {
        "ALPN dot": passes("agreed"),
        "certificate dates": fails("expired", "restart the container"),
        "DNSSEC": cannot_tell("no answer", "check the internet connection"),
    }
    findings = tuple(Finding(name, outcome) for name, outcome in outcomes.items())
    return Report(box(853, authority, spki_pin="pin="), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), findings)


@pytest.mark.parametrize(
    ("outcome", "is_failed"),
    [(passes("well"), False), (cannot_tell("dark", "ask again"), False), (fails("", ""), True)],
)
def test_only_what_is_known_to_be_wrong_is_a_failure(report: Report, outcome: CheckResult, *, is_failed: bool) -> None:
    assert replace(report, findings=(Finding("a", outcome),)).failed is is_failed


def test_reports_who_was_examined_a_line_for_each_finding_and_a_summary(report: Report) -> None:
    root = report.box.root_sha256
    assert report.to_text().splitlines() == [
        "dns.home.arpa at 127.0.0.1, port 853",
        "SPKI pin      pin=",
        f"Root SHA-256  {root}",
        "",
        "pass         ALPN dot           agreed",
        "FAIL         certificate dates  expired",
        "                                -> restart the container",
        "cannot tell  DNSSEC             no answer",
        "                                -> check the internet connection",
        "",
        "1 pass, 1 fail, 1 cannot tell, 0 warning",
    ]


def test_the_json_document_is_the_one_that_was_promised(report: Report) -> None:
    assert json.loads(report.to_json()) == {
        "schema": 1,
        "checked_at": "2026-01-02T03:04:05+00:00",
        "hostname": "dns.home.arpa",
        "address": "127.0.0.1",
        "port": 853,
        "spki_pin": "pin=",
        "root_sha256": report.box.root_sha256,
        "verdict": "fail",
        "checks": [
            {"name": "ALPN dot", "verdict": "pass", "detail": "agreed", "remedy": ""},
            {"name": "certificate dates", "verdict": "fail", "detail": "expired", "remedy": "restart the container"},
            {
                "name": "DNSSEC",
                "verdict": "cannot tell",
                "detail": "no answer",
                "remedy": "check the internet connection",
            },
        ],
    }


def test_a_users_certificate_has_no_root_to_show(report: Report) -> None:
    users = replace(report, box=box(853, None), findings=())
    assert "Root" not in users.to_text()
    assert json.loads(users.to_json())["root_sha256"] is None
    assert json.loads(users.to_json())["verdict"] == "pass"


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


def test_a_certificate_of_another_program_steers_no_terminal(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.intermediate.sign(
        "\x1b]0;evil\x07\nFAIL  a line of its own", names=[NAME], addresses=["127.0.0.1"]
    )
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        text = examined(server, authority).to_text()
    assert "evil" in text
    assert all(line.isprintable() for line in text.splitlines())
    assert not any(line.startswith("FAIL  a line") for line in text.splitlines())
