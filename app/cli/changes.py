"""`homedot changes`: what was set while the box runs: all of it, and the last ten changes."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from app.config.load import Loaded
from app.programs.control_client import ask
from app.programs.owner_described import NO_SETTING

from . import as_json

_HEADINGS = {"names": "names", "lists": "lists", "devices": "names of devices", "pauses": "pauses"}


def arguments(parser: ArgumentParser) -> None:
    as_json.argument(parser)


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Print it. Raises OperatorError."""
    told = asyncio.run(ask(loaded.settings, "owner"))
    if arguments.json:
        as_json.show(told)
        return 0
    print("\n".join(lines(told)))
    return 0


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """The last change first, then what is set now."""
    yield "the last changes:" if told["changes"] else "nothing was changed yet"
    for change in told["changes"]:
        undone = f" (undone {change['undone']})" if change["undone"] else ""
        yield f"  {change['number']}  {change['at']} by {change['by']}: {change['what']}{undone}"
    for kind, heading in _HEADINGS.items():
        if told[kind]:
            yield f"{heading}:"
        for row in told[kind]:
            yield f"  {row['of']}: {row.get('until') or row['value']}, {_origin(row)}"


def _origin(row: Mapping[str, Any]) -> str:
    if row["set_in"] == NO_SETTING:
        return "unless a setting or you say otherwise"
    return f"set in {row['set_in']}" if row["set_in"] else f"set {row['at']} by {row['by']}"
