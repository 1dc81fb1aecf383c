"""`homedot pause`: block nothing for a time."""

import asyncio
import re
from argparse import ArgumentParser, Namespace

from app.answer.pause import MOST_S
from app.config.load import Loaded
from app.errors import OperatorError
from app.programs.control_client import ask

_UNITS_S = {"s": 1, "m": 60, "h": 3600}


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("time", nargs="?", default="10m", help="like 10m (the default), 90s or 2h")


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Let the running Homedot do it. Raises OperatorError."""
    try:
        seconds = duration_s(arguments.time)
    except ValueError as error:
        raise OperatorError(f"pause: {error} (got {arguments.time!r})") from None
    print(asyncio.run(ask(loaded.settings, f"pause {seconds}")))
    return 0


def duration_s(text: str) -> int:
    """`10m`, `90s`, `2h`, `30` (minutes) -> seconds. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,5})([smh]?)", text)
    seconds = int(found[1]) * _UNITS_S[found[2] or "m"] if found else 0
    if not 1 <= seconds <= MOST_S:
        raise ValueError("must be a time up to 24h, like 10m, 90s or 2h")
    return seconds
