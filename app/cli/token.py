"""`homedot token`: what lets somebody pause blocking from the setup page."""

from argparse import ArgumentParser, Namespace

from app.config.load import Loaded
from app.errors import OperatorError
from app.programs import paths, pause_token


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", default="show", choices=("show", "new"))


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Print it, or another one. Raises OperatorError if there is none."""
    settings = loaded.settings
    known = pause_token.renew(settings) if arguments.action == "new" else pause_token.read(settings)
    if known is None:
        raise OperatorError(f"{paths.token(settings)}: there is no token: `homedot token new` makes one")
    print(known)
    return 0
