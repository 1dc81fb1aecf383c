"""When there is something to do about the public name, and when not yet. Pure: no clock, no lots of its own.

certificate      renewed when the authority says (RFC 9773), else at two thirds of its life, a half of a short one;
                 and never later than when a tenth is left, whatever the authority says
a fault          is tried again after 5 minutes, 10, 20, ... 12 hours; with little life left at an eighth of it
the authority    is never asked before it wants to be, however little is left
an operator      who restarts the box after a fault that settings can mend waits a minute for the next try
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .contract import NameOutcome

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0
FIRST_AGAIN_S, LAST_AGAIN_S = 5 * MINUTE_S, 12 * HOUR_S
LONGEST_WAIT_S = 8 * DAY_S
"""What is to wait longer was noted by a clock that was wrong."""
_SHORT_LIFE_S = 10 * DAY_S
_ASK_S = 6 * HOUR_S
_SLACK_S = 5 * MINUTE_S


@dataclass(frozen=True, slots=True)
class Life:
    """Of the certificate that there is, Unix times."""

    begin_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.begin_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known from before, kept on the volume. `addresses` are those that public DNS was told last, None: none.
    `renew_s` is when the authority wants to renew, and it is asked again at `ask_s`."""

    addresses: tuple[str, ...] | None = None
    renew_s: float | None = None
    ask_s: float = 0.0
    tried_s: float = 0.0
    not_before_s: float = 0.0
    failures: int = 0
    fault: str = ""
    is_of_settings: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Due:
    """What there is to do now."""

    order: bool = False
    ask: bool = False
    addresses: bool = False


def from_json(text: str) -> Progress:
    """What `to_json` wrote; a later program may say more. Raises ValueError for anything else."""
    tree: Any = json.loads(text)
    if not isinstance(tree, dict):
        raise ValueError("is not what was noted")
    known = {each.name: tree[each.name] for each in fields(Progress) if each.name in tree}
    progress = Progress(**known)
    addresses = None if progress.addresses is None else tuple(map(str, progress.addresses))
    renew_s = 0.0 if progress.renew_s is None else progress.renew_s
    numbers = (renew_s, progress.ask_s, progress.tried_s, progress.not_before_s, progress.failures)
    if not all(isinstance(number, int | float) for number in numbers):
        raise ValueError("is not what was noted")
    return replace(progress, addresses=addresses)


def begun(progress: Progress) -> Progress:
    """As it is when the box starts: whoever started it may have mended what only settings mend."""
    if not progress.is_of_settings:
        return progress
    return replace(progress, not_before_s=min(progress.not_before_s, progress.tried_s + MINUTE_S))


def renewal_s(life: Life, asked_for_s: float | None) -> float:
    """From when on the certificate shall be renewed."""
    if asked_for_s is None:
        return life.begin_s + life.length_s * (0.5 if life.length_s < _SHORT_LIFE_S else 2 / 3)
    return min(asked_for_s, life.end_s - life.length_s / 10)


def due(progress: Progress, life: Life | None, addresses: Sequence[str] | None, now_s: float) -> Due | None:
    """`life` is None without a certificate that fits; `addresses` shall be in public DNS, None: they are left alone."""
    if now_s < progress.not_before_s <= now_s + LONGEST_WAIT_S and progress.tried_s <= now_s + _SLACK_S:
        return None
    is_soon = 0.0 <= now_s - progress.tried_s < FIRST_AGAIN_S  # an address that comes and goes is told once
    found = Due(
        order=life is None or now_s >= renewal_s(life, progress.renew_s),
        ask=now_s >= progress.ask_s or progress.ask_s > now_s + LONGEST_WAIT_S,
        addresses=addresses is not None and progress.addresses != tuple(addresses) and not is_soon,
    )
    return found if found.order or found.addresses or found.ask else None


def after(
    progress: Progress,
    addresses: Sequence[str] | None,
    outcome: NameOutcome,
    life: Life | None,
    *,
    now_s: float,
    lot: float,
) -> Progress:
    """What is known after an `outcome`. `addresses` are those that it was to set, `life` is that of the certificate
    that there is now, `lot` is drawn out of 0..1 so that not all boxes come at once."""
    known = replace(progress, tried_s=now_s)
    if outcome.addresses_set and addresses is not None:
        known = replace(known, addresses=tuple(addresses))
    if outcome.chain_pem is not None:
        known = replace(known, renew_s=None)
    if outcome.ask_again_s is not None:
        again_s = (
            min(max(outcome.ask_again_s, now_s + HOUR_S), now_s + DAY_S) if outcome.ask_again_s else now_s + _ASK_S
        )
        known = replace(known, ask_s=again_s, renew_s=outcome.renew_s or known.renew_s)
    if not outcome.fault:
        return replace(known, failures=0, fault="", is_of_settings=False, not_before_s=0.0)
    failures = progress.failures + 1
    wait_s = max(_again_s(failures, life, now_s) * (0.75 + lot / 2), min(outcome.retry_after_s, LONGEST_WAIT_S))
    return replace(
        known,
        failures=failures,
        fault=outcome.fault,
        is_of_settings=outcome.is_of_settings,
        not_before_s=now_s + wait_s,
    )


def _again_s(failures: int, life: Life | None, now_s: float) -> float:
    wait_s = min(FIRST_AGAIN_S * 2.0 ** min(failures - 1, 20), LAST_AGAIN_S)
    left_s = life.end_s - now_s if life else 0.0
    return min(wait_s, max(left_s / 8, HOUR_S)) if left_s > 0 else wait_s
