"""A front door that hears other programs of ours, without the door: its control socket and what is behind that."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from app.answer.pause import Pause
from app.doctor.condition import Condition, ConditionKind, of
from app.dot.nonce_store import NonceStore
from app.programs import control_server, paths
from app.programs.control_server import Control
from app.programs.reasons import Reason

from .clock import Clock
from .ruleset import ruleset

RULESET = ruleset(lists={"Made-up list": ["ads.example"]})
WELL = of(ConditionKind.WELL, since_s=1780315200)
TODAY = {"queries": 1234, "blocked": 56}
COUNTS = {"queries": 40, "connections": 2, "clients": 1, "blocking_paused_seconds": 0}


async def reason(name: str, types: Mapping[str, int]) -> Reason:
    return Reason(name, RULESET.decide(name), notes=(f"noted for {types}",))


@asynccontextmanager
async def hearing(
    path: Path,
    uids: Iterable[int] | None = None,
    counts: Mapping[str, int] = COUNTS,
    condition: Condition = WELL,
) -> AsyncIterator[Control]:
    """One that hears on a socket at `path` those with `uids`; None: who may in the appliance."""
    path.parent.mkdir(exist_ok=True)
    heard = Control(lambda: counts, NonceStore(Clock()), reason, Pause(Clock()), lambda: condition, lambda: TODAY)
    server = await control_server.serve(
        paths.bound_for_all(path), heard, control_server.allowed_uids() if uids is None else uids
    )
    try:
        yield heard
    finally:
        server.close()
