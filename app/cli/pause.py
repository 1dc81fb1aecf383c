"""`homedot pause`: block nothing for a time, for all devices or for some."""

import asyncio
from argparse import ArgumentParser, Namespace

from app.config.load import Loaded
from app.errors import OperatorError
from app.owner.length import end_s
from app.programs.control_client import change


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("time", nargs="?", default="10m", help="like 10m (the default), 90s, 2h, or tomorrow")
    parser.add_argument("--device", action="append", default=[], metavar="ADDRESS", help="only for the device there")


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Let the running Homedot do it. Raises OperatorError."""
    try:
        end_s(arguments.time, 0.0)
    except ValueError as error:
        raise OperatorError(f"pause: {error} (got {arguments.time!r})") from None
    wish = change(loaded.settings, "pause", arguments.device, by="homedot pause", length=arguments.time)
    print("\n".join((*asyncio.run(wish), "`homedot resume` ends it")))
    return 0
