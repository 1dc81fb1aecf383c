"""How the web program asks the front door about the self-test: one line in, one JSON value out, over a Unix socket.

`new` gives a nonce; a nonce gives how its look-up came, or null.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.dot.sightings import NONCE_OCTETS, Sightings
from app.errors import OperatorError

from .places import bound_for_all

_LINE_OCTETS = 64
_TIMEOUT_S = 2.0


async def serve_checks(path: Path, sightings: Sightings) -> asyncio.Server:
    """Answer on a Unix socket at `path` until closed; one process alone may do this."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                line = (await reader.readline()).decode("ascii", "replace").strip()
        except (OSError, TimeoutError, ValueError):
            line = ""  # whoever is there has no question
        found = sightings.issue().hex() if line == "new" else sightings.look(_octets(line))
        writer.write(json.dumps(found).encode())
        writer.close()

    return await asyncio.start_unix_server(answer, sock=bound_for_all(path), limit=_LINE_OCTETS)


class Checks:
    """The other end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def new(self) -> str:
        """A nonce in hex. Raises OperatorError if the front door does not answer."""
        return str(await self._ask("new"))

    async def look(self, nonce: str) -> Mapping[str, Any] | None:
        """How the look-up of `nonce` came, None if there was none. Raises OperatorError."""
        octets = _octets(nonce)
        found = await self._ask(octets.hex()) if octets else None
        return found if isinstance(found, Mapping) else None

    async def _ask(self, line: str) -> object:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                reader, writer = await asyncio.open_unix_connection(self._path)
                try:
                    writer.write(f"{line}\n".encode())
                    return json.loads(await reader.read())
                finally:
                    writer.close()
        except (OSError, TimeoutError, ValueError) as error:
            raise OperatorError(f"the front door does not answer ({error}): the log of the box says why") from error


def _octets(nonce: str) -> bytes:
    """The nonce as octets, empty if it is none."""
    try:
        octets = bytes.fromhex(nonce) if len(nonce) == 2 * NONCE_OCTETS else b""
    except ValueError:
        return b""
    return octets if len(octets) == NONCE_OCTETS else b""
