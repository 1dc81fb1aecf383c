from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.onboarding.enrolment import Enrolment
from app.onboarding.expiry import lasts, notices

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_says_until_when_and_who_renews(own_authority: Enrolment, users_certificate: Enrolment) -> None:
    assert lasts(own_authority) == "valid until 2099-01-02, renewed before by itself"
    assert lasts(users_certificate) == "valid until 2099-01-02, renew it before"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (30 * DAY, None),
        (30 * DAY - timedelta(seconds=1), "ends on 2026-07-01, in 29 days, and devices will refuse"),
        (DAY, "ends on 2026-06-02, in 1 day, and devices will refuse"),
        (timedelta(hours=1), "ends on 2026-06-01, in less than a day, and"),
        (timedelta(hours=-1), "ended on 2026-06-01, and devices refuse"),
        (-400 * DAY, "ended on 2025-04-27, and devices refuse"),
    ],
)
def test_warns_from_30_days_before_the_end_on(users_certificate: Enrolment, left: timedelta, words: str | None) -> None:
    told = notices(replace(users_certificate, not_after=NOW + left), NOW)
    assert told == () if words is None else words in told[0]


def test_says_who_must_act(own_authority: Enrolment, users_certificate: Enrolment) -> None:
    late = datetime(2099, 1, 1, tzinfo=UTC)
    assert "renew it. The new files are taken without a restart" in notices(users_certificate, late)[0]
    assert "the log says what is in the way" in notices(own_authority, late)[0]
