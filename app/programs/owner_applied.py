"""Which of the owner's changes each worker decides by, in memory that all of them share."""

import asyncio
import mmap
from time import monotonic
from typing import final

_OCTETS = 8
_LOOK_S = 0.01


@final
class Applied:
    """Make it before the workers are forked. Each writes the stamp of what it decides by, eight octets at once."""

    def __init__(self, workers: int = 1) -> None:
        self._rows = memoryview(mmap.mmap(-1, workers * _OCTETS)).cast("q")

    def row(self, worker: int) -> memoryview:
        """One number, for this worker to write."""
        return self._rows[worker : worker + 1]

    async def everywhere(self, stamp: int, deadline_s: float) -> bool:
        """Wait until all decide by `stamp` or what came later. False if that takes longer than `deadline_s`."""
        end_s = monotonic() + deadline_s
        while min(self._rows) < stamp:
            if monotonic() >= end_s:
                return False
            await asyncio.sleep(_LOOK_S)  # each worker looks by itself, and has no way to tell
        return True
