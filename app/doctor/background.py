"""The doctor in the background, for a page that anybody may open and that must not make work by that."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from app.errors import OperatorError

Report = dict[str, Any]
"""The doctor's JSON document."""

EVERY_S = 30.0
DEADLINE_S = 60.0
"""A Raspberry Pi starts Python in seconds; the checks themselves end within a few timeouts of 5 s."""


class Checkup:
    """Keeps the last report in memory. At most one is made at a time, and at most one in `every_s`.

    `examine` makes one, or raises OperatorError; `clock` is monotonic, in seconds.
    """

    def __init__(
        self, examine: Callable[[], Awaitable[Report]], clock: Callable[[], float], every_s: float = EVERY_S
    ) -> None:
        self._examine = examine
        self._clock = clock
        self._every_s = every_s
        self._begun_s: float | None = None
        self._running: asyncio.Task[None] | None = None
        self._latest: Report | str | None = None

    def latest(self, may_begin: Callable[[], bool]) -> Report | str | None:
        """The last report; a sentence if it could not be made; None while the first one is being made.

        Begins another one if it is time, and `may_begin` then says so. Call it in the event loop.
        """
        now_s = self._clock()
        is_running = self._running is not None and not self._running.done()
        is_due = not is_running and (self._begun_s is None or now_s - self._begun_s >= self._every_s)
        if is_due and may_begin():
            self._begun_s = now_s
            self._running = asyncio.create_task(self._make())
        return self._latest

    async def _make(self) -> None:
        try:
            self._latest = await self._examine()
        except OperatorError as error:
            self._latest = str(error)


async def examine_apart(command: Sequence[str], deadline_s: float = DEADLINE_S) -> Report:
    """Run `homedot doctor --json` as `command`, in a process of its own with this user's rights.

    A process, so that its memory goes when it ends, and that it ends. Raises OperatorError if it makes no report.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
    except OSError as error:
        raise OperatorError(f"the doctor cannot be started: {error.strerror}") from error
    try:
        async with asyncio.timeout(deadline_s):
            document, complaint = await process.communicate()
        report = json.loads(document)
    except TimeoutError:
        raise OperatorError(f"the doctor was not done within {deadline_s:g} s") from None
    except ValueError as error:
        said = complaint.decode(errors="replace").strip() or f"exit code {process.returncode}"
        raise OperatorError(f"the doctor made no report: {said}") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not isinstance(report, dict):
        raise OperatorError("the doctor made no report: what it printed is no JSON object")
    return report
