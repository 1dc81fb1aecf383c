"""One question for all who ask it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar, final

T = TypeVar("T")

GOOD_FOR_S = 1.0


@final
class Coalesced(Generic[T]):
    """Awaits `ask` at most once at a time, and what it said is said again for GOOD_FOR_S. `clock` tells seconds."""

    def __init__(self, ask: Callable[[], Awaitable[T]], clock: Callable[[], float]) -> None:
        self._ask = ask
        self._clock = clock
        self._asked: asyncio.Future[T] | None = None
        self._good_until_s = 0.0

    async def __call__(self) -> T:
        """Raises what `ask` raises, to everybody who waits for it."""
        if self._asked is None or (self._asked.done() and self._clock() >= self._good_until_s):
            self._asked = asyncio.ensure_future(self._answer())
        return await asyncio.shield(self._asked)

    async def _answer(self) -> T:
        try:
            return await self._ask()
        finally:
            self._good_until_s = self._clock() + GOOD_FOR_S
