"""A pause for all, as the owner sets it."""

from app.owner.pauses import Pauses
from app.owner.will import ALL, PAUSE, Key, Moment, Will

from .clock import Clock


def paused(seconds: int, clock: Clock | None = None) -> Pauses:
    """For all, for so many seconds of `clock`; 0: not."""
    pauses = Pauses(lambda: 1000.0, clock or Clock())
    pauses.take(Will("box").after({Key(PAUSE, ALL): 1000 + seconds or None}, Moment(1000.0, "")))
    return pauses
