"""Can the clock be right? A board without a battery starts in 1970, or on the day its disk was last written.

Nobody ran this version before it was written, so a clock before that day has not been set yet. Then there is no time:
what needs one takes `datetime | None`, makes no certificate of None, and judges none of our own by it.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

APP = Path(__file__).parent.parent

# The clock of whoever built the image may be ahead of ours, and a certificate is backdated by as much.
SLACK = timedelta(days=1)

SET_IT = "set the clock of the machine, best by NTP (`timedatectl set-ntp true`)"
NEEDED = f"the clock of this machine is not set, and a certificate made now would carry a wrong date: {SET_IT}"


def now() -> datetime | None:
    """The time, aware UTC, or None while the clock is not set."""
    return believed(datetime.now(UTC), written(APP))


@cache
def written(folder: Path) -> datetime:
    """When the newest module below `folder` was changed last, aware UTC."""
    return datetime.fromtimestamp(max(path.stat().st_mtime for path in folder.rglob("*.py")), UTC)


def believed(now: datetime, earliest: datetime) -> datetime | None:
    """`now`, or None while the clock is so far before `earliest` that it cannot have been set."""
    return now if now >= earliest - SLACK else None
