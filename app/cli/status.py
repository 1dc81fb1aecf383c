"""`homedot status`: how this box is, on one screen."""

from argparse import ArgumentParser, Namespace

from app.config.load import Loaded
from app.programs.status import look

from . import as_json


def arguments(parser: ArgumentParser) -> None:
    as_json.argument(parser)


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Print it; 1 if this box does not answer. Raises OperatorError if Homedot was never started."""
    status = look(loaded.settings)
    if arguments.json:
        as_json.show(status.to_document())
    else:
        print(status.to_text())
    return 0 if status.answers else 1
