"""`homedot resume`: end a pause before its time."""

import asyncio
from argparse import ArgumentParser, Namespace

from app.config.load import Loaded
from app.programs.control_client import change


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--device", action="append", default=[], metavar="ADDRESS", help="only for the device there")


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Let the running Homedot do it. Raises OperatorError."""
    print("\n".join(asyncio.run(change(loaded.settings, "resume", arguments.device, by="homedot resume"))))
    return 0
