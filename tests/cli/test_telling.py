import pytest

from app.cli.telling import Telling

WELL: dict[str, list[str]] = {"faults": [], "news": [], "warnings": []}


def test_tells_a_fault_and_a_warning_once_until_it_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    telling = Telling()
    for findings in (WELL | {"faults": ["no disk"], "warnings": ["old"]}, WELL, WELL | {"warnings": ["old"]}):
        telling.tell(findings)
        telling.tell(findings)
    assert caplog.messages == [
        "what was served before is served on, but there is something to mend: no disk",
        "old",
        "old",
    ]


def test_tells_news_each_time(caplog: pytest.LogCaptureFixture) -> None:
    telling = Telling()
    for _ in range(2):
        telling.tell(WELL | {"news": ["scan again"]})
    assert caplog.messages == ["scan again"] * 2
