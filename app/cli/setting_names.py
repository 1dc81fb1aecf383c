"""What `homedot allow`, `deny` and `forget` have in common."""

import asyncio
from argparse import ArgumentParser, Namespace

from app.config.load import Loaded
from app.programs.control_client import change


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help="like www.example.com; all below it is meant too")


def run(loaded: Loaded, arguments: Namespace, do: str) -> int:
    """Let the running Homedot `do` it, and print what is so from now on. Raises OperatorError."""
    print("\n".join(asyncio.run(change(loaded.settings, do, arguments.names, by=f"homedot {do}"))))
    return 0
