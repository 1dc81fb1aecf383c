"""When a list is due. Pure.

Every list has its own time: a failing one is tried again soon, then ever more seldom, and delays no other. Times are
drawn by lot around their mean, so that not all homes ask at the full hour.
"""

_FIRST_RETRY_S = 10.0
"""Soon: after a start, unbound or the network may not be there yet."""

_SPREAD = 0.2


def is_due(now_s: float, next_s: float, refresh_s: float) -> bool:
    """True at `next_s`, and if that is further away than it can be: then the clock was wrong, or is now."""
    return now_s >= next_s or next_s > now_s + refresh_s * (1 + _SPREAD)


def after_success(now_s: float, refresh_s: float, drawn: float) -> float:
    """The next time. `drawn` is a random number from 0 to 1."""
    return now_s + refresh_s * (1 + _SPREAD * (drawn - 0.5))


def after_failure(now_s: float, refresh_s: float, failures: int, drawn: float, later_s: float = 0.0) -> float:
    """The next time after `failures` in a row: twice as long each time, and never longer than a usual refresh.

    Before `later_s`, which its server wants, only where that is longer.
    """
    pause_s = min(_FIRST_RETRY_S * (1 << min(failures - 1, 20)), refresh_s)
    return now_s + max(pause_s * (1 - _SPREAD * drawn), min(later_s, refresh_s))
