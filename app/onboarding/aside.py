"""What takes long is done aside, one piece at a time: meanwhile the page answers everybody else."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, final

T = TypeVar("T")

MOST_WAITING = 32
"""A few seconds of work; later answers are for people who have gone."""


class TooMany(Exception):
    """Too much is waiting already."""


@final
class Aside:
    """One thread, which needs no event loop until there is something to do."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "aside")
        self._waiting = 0

    async def do(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises. Raises TooMany."""
        if self._waiting >= MOST_WAITING:
            raise TooMany
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1
