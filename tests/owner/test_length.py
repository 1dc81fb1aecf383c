"""How long a pause lasts."""

import os
import time
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.owner.length import MOST_S, duration_s, end_s, moment


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    monkeypatch.setitem(os.environ, "TZ", "Europe/Berlin")
    time.tzset()
    yield ZoneInfo("Europe/Berlin")
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"), [("10m", 600), ("10", 600), ("90s", 90), ("2h", 7200), ("24h", MOST_S), ("1s", 1)]
)
def test_a_time_has_a_unit_and_minutes_are_meant_without(text: str, seconds: int) -> None:
    assert duration_s(text) == seconds
    assert end_s(text, 1000.7) == 1000 + seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "25h", "86401s", "10 m", "m", "-1", "1d", "1.5h", "٣m", "Tomorrow"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a time up to 24h, like 10m, 90s or 2h, or tomorrow"):
        end_s(text, 1000.0)


@pytest.mark.parametrize(
    ("now", "hours"),
    [("2026-07-01 21:30", 2.5), ("2026-12-31 00:00", 24), ("2026-10-25 00:00", 25), ("2026-03-29 00:00", 23)],
)
def test_tomorrow_is_the_next_midnight_of_the_home_also_when_the_clocks_change(
    berlin: ZoneInfo, now: str, hours: float
) -> None:
    now_s = datetime.fromisoformat(now).replace(tzinfo=berlin).timestamp()
    assert end_s("tomorrow", now_s) - now_s == hours * 3600


def test_a_moment_is_told_as_the_home_s_clock_shows_it(berlin: ZoneInfo) -> None:
    assert moment(datetime(2026, 7, 1, 21, 30, tzinfo=berlin).timestamp()) == "2026-07-01 21:30"
    assert moment(0) == "at a time unknown, the clock was not set"


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        assert 1 <= duration_s(text) <= MOST_S
    except ValueError:
        return
