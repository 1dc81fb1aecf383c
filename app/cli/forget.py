"""`homedot forget NAME...`: neither allow nor deny these names any more."""

from argparse import ArgumentParser, Namespace

from app.config.load import Loaded

from . import setting_names


def arguments(parser: ArgumentParser) -> None:
    setting_names.arguments(parser)


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Let the running Homedot do it. Raises OperatorError."""
    return setting_names.run(loaded, arguments, "forget")
