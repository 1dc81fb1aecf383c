"""How long the certificate lasts, in words for people. Pure."""

from datetime import datetime, timedelta

from app import lifetime

from .enrolment import Enrolment

_UNKNOWN_LIFE = timedelta(days=365)
"""What an earlier version noted says no more than the end."""


def lasts(enrolment: Enrolment) -> str:
    """Until when, and who must act then."""
    renewal = "renew it before" if enrolment.root_pem is None else "renewed before by itself"
    return f"valid until {enrolment.not_after:%Y-%m-%d}, {renewal}"


def notices(enrolment: Enrolment, now: datetime) -> tuple[str, ...]:
    """That its renewal is late or it has ended, and what to do; nothing while it is good. `now` is aware."""
    begin = enrolment.not_before or enrolment.not_after - _UNKNOWN_LIFE
    if now <= lifetime.late_from(begin, enrolment.not_after):
        return ()
    left = enrolment.not_after - now
    day = f"{enrolment.not_after:%Y-%m-%d}"
    if left < timedelta():
        when = f"ended on {day}, and devices refuse to connect"
    else:
        when = f"ends on {day}, in {lifetime.in_words(left)}, and devices will refuse to connect"
    if enrolment.root_pem is None:
        todo = ": renew it. The new files are taken without a restart."
    else:
        todo = ". It should have been renewed long ago: the log says what is in the way."
    return (f"The certificate of this box {when}{todo}",)
