import pytest

from app.programs.findings_log import Findings, FindingsLog, HealthLog


def test_tells_a_fault_and_a_warning_once_until_it_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    findings_log = FindingsLog()
    for findings in (
        Findings(faults=("no disk",), warnings=("old",)),
        Findings(),
        Findings(warnings=("old",)),
    ):
        findings_log.tell(findings)
        findings_log.tell(findings)
    assert caplog.messages == [
        "action needed: no disk",
        "old",
        "old",
    ]


def test_tells_news_each_time(caplog: pytest.LogCaptureFixture) -> None:
    findings_log = FindingsLog()
    for _ in range(2):
        findings_log.tell(Findings(news=("scan again",)))
    assert caplog.messages == ["scan again"] * 2


def test_tells_once_why_it_is_not_healthy_and_once_that_it_is_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    health = HealthLog()
    health.well()
    for _ in range(3):
        health.ill("no answer")
        health.ill("connection refused")
    health.well()
    health.well()
    health.ill("no answer")
    assert caplog.messages == [
        "not healthy: no answer",
        "not healthy: connection refused",
        "healthy again",
        "not healthy: no answer",
    ]
