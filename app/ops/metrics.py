"""The front door's counts and the certificate's end, as Prometheus reads them (text format 0.0.4)."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from app.errors import OperatorError

_TIMEOUT_S = 2.0
_GAUGES = {"connections", "clients", "blocking_paused_seconds", "certificate_not_after_timestamp_seconds"}


async def read_state(path: Path) -> dict[str, int]:
    """What the front door tells on its socket. Raises OperatorError if it tells nothing."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                state = json.loads(await reader.read())
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError) as error:
        raise OperatorError(f"{path}: the front door tells nothing: {error}") from error
    return {str(name): int(value) for name, value in state.items()}


def render_lists(lists: Iterable[tuple[str, str, int, float]]) -> str:
    """Title, source, names and age in seconds of each list that is in use; two may have one title."""
    known = [
        (f'{{list="{_quoted(title)}",source="{_quoted(source)}"}}', names, age_s)
        for title, source, names, age_s in lists
    ]
    lines = []
    for metric, values in (
        ("homedot_list_names", [(labels, names) for labels, names, _ in known]),
        ("homedot_list_age_seconds", [(labels, int(age_s)) for labels, _, age_s in known]),
    ):
        lines += [f"# TYPE {metric} gauge", *(f"{metric}{labels} {value}" for labels, value in values)]
    return "\n".join(lines) + "\n" if known else ""


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def render(state: Mapping[str, int]) -> str:
    """One metric for each name, `homedot_NAME_total` unless it goes up and down."""
    lines = []
    for name, value in state.items():
        kind, metric = ("gauge", f"homedot_{name}") if name in _GAUGES else ("counter", f"homedot_{name}_total")
        lines += [f"# TYPE {metric} {kind}", f"{metric} {value}"]
    return "\n".join(lines) + "\n"
