from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.onboarding.enrolment import Enrolment
from app.onboarding.expiry import lasts, notices

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def test_says_until_when_and_who_renews(own_authority: Enrolment, users_certificate: Enrolment) -> None:
    assert lasts(own_authority) == "valid until 2099-01-02, renewed before by itself"
    assert lasts(users_certificate) == "valid until 2099-01-02, renew it before"


@pytest.mark.parametrize(
    ("life", "left", "words"),
    [
        (365 * DAY, 30 * DAY, None),
        (365 * DAY, 30 * DAY - HOUR, "ends on 2026-07-01, in 29 days, and devices will refuse"),
        (365 * DAY, DAY, "ends on 2026-06-02, in 24 hours, and devices will refuse"),
        (365 * DAY, HOUR, "ends on 2026-06-01, in 1 hour, and"),
        (365 * DAY, -HOUR, "ended on 2026-06-01, and devices refuse"),
        (365 * DAY, -400 * DAY, "ended on 2025-04-27, and devices refuse"),
        (45 * DAY, 15 * DAY, None),
        (160 * HOUR, 160 * HOUR, None),
        (160 * HOUR, 39 * HOUR, "in 39 hours, and"),
        (24 * HOUR, 8 * HOUR, None),
        (24 * HOUR, 5 * HOUR, "in 5 hours, and"),
    ],
)
def test_warns_when_a_quarter_of_the_life_is_left_or_30_days(
    users_certificate: Enrolment, life: timedelta, left: timedelta, words: str | None
) -> None:
    end = NOW + left
    told = notices(replace(users_certificate, not_before=end - life, not_after=end), NOW)
    assert told == () if words is None else words in told[0]


def test_warns_30_days_before_the_end_of_a_life_that_is_not_known(users_certificate: Enrolment) -> None:
    assert notices(replace(users_certificate, not_after=NOW + 30 * DAY), NOW) == ()
    assert notices(replace(users_certificate, not_after=NOW + 29 * DAY), NOW)


def test_says_who_must_act(own_authority: Enrolment, users_certificate: Enrolment) -> None:
    late = datetime(2099, 1, 1, tzinfo=UTC)
    assert "renew it. The new files are taken without a restart" in notices(users_certificate, late)[0]
    assert "the log says what is in the way" in notices(own_authority, late)[0]
