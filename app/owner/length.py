"""How long a pause lasts: what people type -> when it ends. Pure but for the time zone."""

import re
from datetime import datetime, time, timedelta

MOST_S = 24 * 3600
TOMORROW = "tomorrow"
_UNITS_S = {"s": 1, "m": 60, "h": 3600}


def duration_s(text: str) -> int:
    """`10m`, `90s`, `2h`, `30` (minutes) -> seconds. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,5})([smh]?)", text)
    seconds = int(found[1]) * _UNITS_S[found[2] or "m"] if found else 0
    if not 1 <= seconds <= MOST_S:
        raise ValueError("must be a time up to 24h, like 10m, 90s or 2h, or tomorrow")
    return seconds


def end_s(text: str, now_s: float) -> int:
    """`text` as for `duration_s`, or `tomorrow`, which is the midnight to come -> seconds since 1970. Raises
    ValueError."""
    if text != TOMORROW:
        return int(now_s) + duration_s(text)
    today = datetime.fromtimestamp(now_s).date()  # noqa: DTZ006 - the owner's day
    return int(datetime.combine(today + timedelta(days=1), time()).timestamp())


def moment(at_s: float) -> str:
    """As a clock on the wall shows it; what is not known is said."""
    if not at_s:
        return "at a time unknown, the clock was not set"
    return f"{datetime.fromtimestamp(at_s):%Y-%m-%d %H:%M}"  # noqa: DTZ006 - the owner's day
