"""The front door's counts and the certificate's end, as Prometheus reads them (text format 0.0.4)."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from app.errors import OperatorError

_TIMEOUT_S = 2.0
_GAUGES = {"connections", "clients", "certificate_not_after_timestamp_seconds"}


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


def render(state: Mapping[str, int]) -> str:
    """One metric for each name, `homedot_NAME_total` unless it goes up and down."""
    lines = []
    for name, value in state.items():
        kind, metric = ("gauge", f"homedot_{name}") if name in _GAUGES else ("counter", f"homedot_{name}_total")
        lines += [f"# TYPE {metric} {kind}", f"{metric} {value}"]
    return "\n".join(lines) + "\n"
