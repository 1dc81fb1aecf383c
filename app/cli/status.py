"""`homedot status`: how this box is, on one screen."""

import time
from argparse import ArgumentParser, Namespace

from app.config.load import Loaded
from app.programs.status import look

from . import as_json

_CLEAR = "\033[H\033[2J"
"""The cursor to the upper left, and the screen empty (ECMA-48 8.3.21, 8.3.39)."""
_AGAIN_S = 2.0


def arguments(parser: ArgumentParser) -> None:
    how = parser.add_mutually_exclusive_group()
    as_json.argument(how)
    how.add_argument("--watch", action="store_true", help="keep the screen up to date, until Ctrl-C")


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Print it; 1 if this box does not answer. Raises OperatorError if Homedot was never started."""
    while arguments.watch:
        print(f"{_CLEAR}{look(loaded.settings).to_text()}", flush=True)
        time.sleep(_AGAIN_S)
    status = look(loaded.settings)
    if arguments.json:
        as_json.show(status.to_document())
    else:
        print(status.to_text())
    return 0 if status.answers else 1
