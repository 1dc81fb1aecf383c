"""A front door that hears other programs of ours, without the door: its control socket and what is behind that."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from app.answer.pause import Pause
from app.dot.nonce_store import NonceStore
from app.programs import control_server, paths
from app.programs.answer_counts import AnswerCounts
from app.programs.control_server import Control
from app.programs.reasons import Reason

from .clock import Clock
from .ruleset import ruleset

RULESET = ruleset(lists={"Made-up list": ["ads.example"]})
COUNTS = {"queries": 40, "connections": 2, "clients": 1, "blocking_paused_seconds": 0}


async def reason(name: str, types: Mapping[str, int]) -> Reason:
    return Reason(name, RULESET.decide(name), notes=(f"noted for {types}",))


@asynccontextmanager
async def hearing(
    path: Path, uids: Iterable[int] | None = None, counts: Mapping[str, int] = COUNTS
) -> AsyncIterator[Control]:
    """One that hears on a socket at `path` those with `uids`; None: who may in the appliance."""
    path.parent.mkdir(exist_ok=True)
    heard = Control(lambda: counts, NonceStore(Clock()), reason, Pause(Clock()), AnswerCounts(lists=2).totals)
    server = await control_server.serve(
        paths.bound_for_all(path), heard, control_server.allowed_uids() if uids is None else uids
    )
    try:
        yield heard
    finally:
        server.close()
