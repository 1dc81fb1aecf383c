"""When is the renewal of a certificate late? Shares of its life, because lives are 24 hours, 45 days or a year. Pure.

Who renews begins when a third is left (certbot, Caddy, our own authority), or a half of a life of few days: until a
quarter is left nothing is wrong. Who renews a yearly one by hand is told 30 days before and not 90.
"""

from datetime import datetime, timedelta

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_LATE, _MOST_LATE = 4, 30 * _DAY
_LAST_CALL, _MOST_LAST_CALL = 10, 7 * _DAY
_STEPS = (*(days * _DAY for days in (30, 14, *range(7, 0, -1))), *(hours * _HOUR for hours in (12, 6, 3, 1)))


def late_from(begin: datetime, end: datetime) -> datetime:
    """From when on somebody should be told."""
    return end - min((end - begin) / _LATE, _MOST_LATE)


def last_call(begin: datetime, end: datetime) -> datetime:
    """From when on it is a fault."""
    return end - min((end - begin) / _LAST_CALL, _MOST_LAST_CALL)


def rounded(left: timedelta) -> str:
    """`left` as one of few steps that it is less than, the last ones short: who logs what is new says it as often."""
    return in_words(min((step for step in _STEPS if left < step), default=_STEPS[0]))


def in_words(left: timedelta) -> str:
    """Whole days; hours when there are less than two of those."""
    if left >= 2 * _DAY:
        return f"{left.days} days"
    hours = left // _HOUR
    return "less than an hour" if hours < 1 else "1 hour" if hours == 1 else f"{hours} hours"
