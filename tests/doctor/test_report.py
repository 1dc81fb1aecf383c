"""What was found, told to people and to scripts."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.doctor.report import CHECKS, Finding, Report
from app.doctor.target import CheckResult, cannot_tell, fails, not_tried, passes, warns
from tests.fakes.dot_server import DotServer
from tests.fakes.pki import Authority

from .examining import NAME, box, examined


@pytest.fixture
def report(authority: Authority) -> Report:
    outcomes = {
        "clock": fails("it is 1970", "set the clock"),
        "certificate dates": not_tried("it needs: clock", "clock"),
        "ALPN dot": passes("agreed"),
        "DNSSEC": cannot_tell("no answer", "check the internet connection"),
        "who may ask": warns("everybody may", "name your networks"),
    }
    findings = tuple(Finding(name, outcome) for name, outcome in outcomes.items())
    return Report(box(853, authority, spki_pin="pin="), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), findings)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([passes("well")], 0),
        ([passes("well"), not_tried("no name was slow")], 0),
        ([passes("well"), cannot_tell("dark", "ask again")], 2),
        ([cannot_tell("dark", "ask again"), warns("open", "close it")], 1),
        ([cannot_tell("dark", "ask again"), fails("bad", "mend it")], 1),
    ],
)
def test_0_is_well_1_is_something_to_do_and_2_is_not_known(
    report: Report, outcomes: list[CheckResult], code: int
) -> None:
    found = replace(report, findings=tuple(Finding("a", outcome) for outcome in outcomes))
    assert found.exit_code == code
    is_called_well = "Nothing is wrong." in found.to_text()
    assert is_called_well is (code == 0)


def test_what_is_wrong_comes_first_each_cause_once_with_what_to_do(report: Report) -> None:
    assert report.to_text().splitlines() == [
        "dns.home.arpa at 127.0.0.1, port 853",
        "",
        "There is something to do.",
        "",
        "1. it is 1970",
        "   What to do: set the clock",
        "   1 check that needs this was not tried.",
        "",
        "2. everybody may",
        "   What to do: name your networks",
        "",
        "3. It cannot be told: no answer",
        "   What to do: check the internet connection",
        "",
        "1 check passed; homedot doctor --all shows every one.",
    ]


def test_all_checks_are_shown_to_who_wants_them(report: Report) -> None:
    shown = report.to_text(all_checks=True).splitlines()
    assert shown[shown.index("SPKI pin      pin=") :] == [
        "SPKI pin      pin=",
        f"Root SHA-256  {report.box.root_sha256}",
        "",
        "FAIL         clock              it is 1970",
        "not tried    certificate dates  it needs: clock",
        "pass         ALPN dot           agreed",
        "cannot tell  DNSSEC             no answer",
        "warning      who may ask        everybody may",
        "",
        "1 pass, 1 fail, 1 cannot tell, 1 warning, 1 not tried",
    ]


def test_the_json_document_is_the_one_that_was_promised(report: Report) -> None:
    document = json.loads(report.to_json())
    checks, causes = document.pop("checks"), document.pop("causes")
    assert document == {
        "schema": 2,
        "checked_at": "2026-01-02T03:04:05+00:00",
        "hostname": "dns.home.arpa",
        "address": "127.0.0.1",
        "port": 853,
        "spki_pin": "pin=",
        "root_sha256": report.box.root_sha256,
        "verdict": "fail",
        "exit_code": 1,
        "says": "There is something to do.",
    }
    assert causes[0] == {
        "check": "clock",
        "verdict": "fail",
        "detail": "it is 1970",
        "remedy": "set the clock",
        "not_tried": ["certificate dates"],
    }
    assert [cause["check"] for cause in causes] == ["clock", "who may ask", "DNSSEC"]
    assert checks[1] == {
        "name": "certificate dates",
        "verdict": "not tried",
        "detail": "it needs: clock",
        "remedy": "",
        "because": "clock",
    }


def test_a_users_certificate_has_no_root_to_show(report: Report) -> None:
    users = replace(report, box=box(853, None), findings=())
    assert "Root" not in users.to_text(all_checks=True)
    assert json.loads(users.to_json())["root_sha256"] is None
    assert json.loads(users.to_json())["verdict"] == "pass"


def test_what_a_check_needs_comes_before_it() -> None:
    names = list(CHECKS)
    for name, check in CHECKS.items():
        assert all(names.index(need) < names.index(name) for need in check.needs)
        assert check.explained_by in ("", *names)


def test_a_certificate_of_another_program_steers_no_terminal(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.intermediate.sign(
        "\x1b]0;evil\x07\nFAIL  a line of its own", names=[NAME], addresses=["127.0.0.1"]
    )
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        text = examined(server, authority).to_text(all_checks=True)
    assert "evil" in text
    assert all(line.isprintable() for line in text.splitlines())
    assert not any(line.startswith("FAIL  a line") for line in text.splitlines())
