"""A front door that hears other programs of ours, without the door: its control socket and what is behind that."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.config.settings import Settings
from app.doctor.condition import Condition, ConditionKind, of
from app.dot.nonce_store import NonceStore
from app.owner.pauses import Pauses
from app.programs import control_server, paths
from app.programs.answer_counts import AnswerCounts
from app.programs.control_server import Control
from app.programs.owner_applied import Applied
from app.programs.owner_door import OwnerDoor
from app.programs.owner_file import OwnerWatcher
from app.programs.reasons import Reason

from .clock import Clock
from .ruleset import ruleset

RULESET = ruleset(lists={"Made-up list": ["ads.example"]})
WELL = of(ConditionKind.WELL, since_s=1780315200)
TODAY = {"queries": 1234, "blocked": 56}
COUNTS = {"queries": 40, "connections": 2, "clients": 1, "blocking_paused_seconds": 0}
NOW_S = 1_900_000_000.0


async def reason(name: str, types: Mapping[str, int]) -> Reason:
    verdict = RULESET.decide(name)
    return Reason(name, verdict, notes=(f"noted for {types}",), by_type={"AAAA": (verdict, None)})


@dataclass
class Hearing:
    """`pause` is as a worker has it, `owner` what the worker reads."""

    nonces: NonceStore
    pause: Pauses
    owner: OwnerWatcher


@asynccontextmanager
async def hearing(
    path: Path,
    uids: Iterable[int] | None = None,
    counts: Mapping[str, int] = COUNTS,
    condition: Condition = WELL,
) -> AsyncIterator[Hearing]:
    """One that hears on a socket at `path` those with `uids`; None: who may in the appliance. What the owner sets is
    kept beside it."""
    path.parent.mkdir(exist_ok=True)
    settings = Settings(data_dir=path.parent / "volume")
    pauses, applied = Pauses(Clock(NOW_S), Clock()), Applied()
    owner = OwnerWatcher(settings, pauses.take)
    door = OwnerDoor(settings, {}, lambda: RULESET, applied, now=Clock(NOW_S))
    series = AnswerCounts(lists=2).totals
    nonces = NonceStore(Clock())
    heard = Control(lambda: counts, nonces, reason, lambda: condition, door, today=lambda: TODAY, series=series)
    server = await control_server.serve(
        paths.bound_for_all(path), heard, control_server.allowed_uids() if uids is None else uids
    )
    worker = asyncio.create_task(_work(owner, applied.row(0)))
    try:
        yield Hearing(heard.nonces, pauses, owner)
    finally:
        worker.cancel()
        server.close()


async def _work(owner: OwnerWatcher, row: memoryview) -> None:
    while True:
        owner.look()
        row[0] = owner.will.stamp
        await asyncio.sleep(0.01)  # as a worker looks, now and then
