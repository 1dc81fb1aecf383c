"""Lives of 24 hours to a year: whoever renews with a third left is never late."""

from datetime import UTC, datetime, timedelta

import pytest

from app.lifetime import in_words, last_call, late_from, rounded

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.mark.parametrize("life", [24 * HOUR, 160 * HOUR, 45 * DAY, 47 * DAY, 90 * DAY, 180 * DAY, 825 * DAY])
def test_who_renews_with_a_third_left_is_not_late_and_who_forgets_is_told_in_time(life: timedelta) -> None:
    late, last = late_from(NOW, NOW + life), last_call(NOW, NOW + life)
    assert NOW + life * 2 / 3 < late < last < NOW + life


def test_a_certificate_of_a_year_is_late_30_days_before_its_end_and_not_90() -> None:
    assert NOW + 365 * DAY - late_from(NOW, NOW + 365 * DAY) == 30 * DAY
    assert NOW + 365 * DAY - last_call(NOW, NOW + 365 * DAY) == 7 * DAY


@pytest.mark.parametrize(
    ("left", "words"),
    [(29 * DAY, "30 days"), (9 * DAY, "14 days"), (2 * DAY, "3 days"), (DAY, "2 days"), (23 * HOUR, "24 hours"),
     (4 * HOUR, "6 hours"), (timedelta(minutes=59), "1 hour")],
)  # fmt: skip
def test_what_is_left_is_told_in_few_steps(left: timedelta, words: str) -> None:
    assert rounded(left) == words


def test_what_is_left_is_told_in_hours_when_there_are_less_than_two_days() -> None:
    told = [in_words(left) for left in (48 * HOUR, 47.5 * HOUR, HOUR, HOUR / 2)]
    assert told == ["2 days", "47 hours", "1 hour", "less than an hour"]
