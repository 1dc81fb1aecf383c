"""`homedot why NAME`: what becomes of a name, and which rule and which list decide.

The running front door says it: the lists are another user's, who reads what strangers write, and root does not look at
them itself.
"""

import asyncio
from argparse import ArgumentParser, Namespace

from app.config.load import Loaded
from app.config.values import domain
from app.errors import OperatorError
from app.programs.control_client import ask

from . import as_json

_TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "DS": 43}
_TYPES |= {"SVCB": 64, "HTTPS": 65}


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="like www.example.com")
    parser.add_argument("type", nargs="?", help="A, AAAA, HTTPS, ...; without it, A, AAAA and HTTPS")
    as_json.argument(parser)


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Print it. Raises OperatorError for what is no name or no type."""
    found = asyncio.run(ask(loaded.settings, _line(arguments.name, arguments.type)))
    if arguments.json:
        as_json.show(found)
        return 0
    for line in (found["says"], *found["notes"]):
        print(line)
    return 0


def _line(raw_name: str, raw_type: str | None) -> str:
    try:
        name = domain(raw_name)
    except ValueError:
        raise OperatorError(f"why: must be followed by a name, like www.example.com (got {raw_name!r})") from None
    if raw_type is None:
        return f"why {name}"
    kind = raw_type.upper()
    number = kind.removeprefix("TYPE")
    qtype = _TYPES.get(kind) or (int(number) if number.isascii() and number.isdigit() else 0)
    if not 0 < qtype <= 0xFFFF:
        raise OperatorError(f"why: must be a type like {', '.join(_TYPES)} or TYPE65 (got {raw_type!r})")
    return f"why {name} {kind} {qtype}"
