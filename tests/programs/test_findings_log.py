import pytest

from app.programs.findings_log import Condition, Findings, Telling


def test_tells_a_fault_and_a_warning_once_until_it_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    telling = Telling()
    for findings in (
        Findings(faults=("no disk",), warnings=("old",)),
        Findings(),
        Findings(warnings=("old",)),
    ):
        telling.tell(findings)
        telling.tell(findings)
    assert caplog.messages == [
        "action needed: no disk",
        "old",
        "old",
    ]


def test_tells_news_each_time(caplog: pytest.LogCaptureFixture) -> None:
    telling = Telling()
    for _ in range(2):
        telling.tell(Findings(news=("scan again",)))
    assert caplog.messages == ["scan again"] * 2


def test_tells_once_why_it_is_not_healthy_and_once_that_it_is_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    condition = Condition()
    condition.well()
    for _ in range(3):
        condition.ill("no answer")
        condition.ill("connection refused")
    condition.well()
    condition.well()
    condition.ill("no answer")
    assert caplog.messages == [
        "not healthy: no answer",
        "not healthy: connection refused",
        "healthy again",
        "not healthy: no answer",
    ]
