"""`--json`: what a command shows, as one JSON document for scripts."""

import json
from argparse import _ActionsContainer


def argument(parser: _ActionsContainer) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document, for scripts")


def show(document: object) -> None:
    """Print it; what JSON has no word for (addresses, paths) as its text."""
    print(json.dumps(document, indent=2, default=str))
