"""`homedot pause` and `homedot resume`."""

import asyncio
import re

from app.answer.pause import MOST_S
from app.config.settings import Settings
from app.programs.control_client import ask

_UNITS_S = {"s": 1, "m": 60, "h": 3600}


def duration_s(text: str) -> int:
    """`10m`, `90s`, `2h`, `30` (minutes) -> seconds. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,5})([smh]?)", text)
    seconds = int(found[1]) * _UNITS_S[found[2] or "m"] if found else 0
    if not 1 <= seconds <= MOST_S:
        raise ValueError("must be a time up to 24h, like 10m, 90s or 2h")
    return seconds


def pause(settings: Settings, seconds: int) -> None:
    """Let the running Homedot block nothing for `seconds`."""
    print(asyncio.run(ask(settings, f"pause {seconds}")))


def resume(settings: Settings) -> None:
    """End a pause before its time."""
    print(asyncio.run(ask(settings, "resume")))
