"""`homedot deny NAME...`: block these names too."""

from argparse import ArgumentParser, Namespace

from app.config.load import Loaded

from . import setting_names


def arguments(parser: ArgumentParser) -> None:
    setting_names.arguments(parser)
    parser.add_argument("--remove", action="store_true", help="take it back, as `homedot forget` does")


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Let the running Homedot do it. Raises OperatorError."""
    return setting_names.run(loaded, arguments, "forget" if arguments.remove else "deny")
