"""How long the certificate lasts, in words for people. Pure."""

from datetime import datetime, timedelta

from .enrolment import Enrolment

WARN_BEFORE = timedelta(days=30)


def lasts(enrolment: Enrolment) -> str:
    """Until when, and who must act then."""
    renewal = "renew it before" if enrolment.root_pem is None else "renewed before by itself"
    return f"valid until {enrolment.not_after:%Y-%m-%d}, {renewal}"


def notices(enrolment: Enrolment, now: datetime) -> tuple[str, ...]:
    """That it ends in less than 30 days or has ended, and what to do; nothing while it is good. `now` is aware."""
    left = enrolment.not_after - now
    if left >= WARN_BEFORE:
        return ()
    day = f"{enrolment.not_after:%Y-%m-%d}"
    if left < timedelta():
        when = f"ended on {day}, and devices refuse to connect"
    else:
        when = f"ends on {day}, in {_days(left)}, and devices will refuse to connect"
    if enrolment.root_pem is None:
        todo = ": renew it. The new files are taken without a restart."
    else:
        todo = ". It should have been renewed long ago: the log says what is in the way."
    return (f"The certificate of this box {when}{todo}",)


def _days(left: timedelta) -> str:
    return "less than a day" if left.days == 0 else "1 day" if left.days == 1 else f"{left.days} days"
