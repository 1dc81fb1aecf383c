"""`homedot undo`: take back the last change, or another one of the last ten."""

import asyncio
from argparse import ArgumentParser, Namespace

from app.config.load import Loaded
from app.programs.control_client import undo


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("number", nargs="?", type=int, help="as `homedot changes` shows it; without it, the last one")


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Let the running Homedot do it. Raises OperatorError."""
    print("\n".join(asyncio.run(undo(loaded.settings, arguments.number, by="homedot undo"))))
    return 0
