"""`homedot resume`: end a pause before its time."""

import asyncio
from argparse import Namespace

from app.config.load import Loaded
from app.programs.control_client import ask


def run(loaded: Loaded, _: Namespace) -> int:
    """Let the running Homedot do it. Raises OperatorError."""
    print(asyncio.run(ask(loaded.settings, "resume")))
    return 0
