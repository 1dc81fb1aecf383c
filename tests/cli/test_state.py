import json
import socket
from asyncio import open_unix_connection
from pathlib import Path

import pytest

from app.answer.pause import Pause
from app.cli import places, state
from app.cli.state import State
from app.dot.counters import Count, Counters
from app.dot.occupancy import Occupancy
from tests.fakes.clock import Clock

pytestmark = pytest.mark.anyio


async def test_tells_the_numbers_of_all_workers_to_whoever_connects(tmp_path: Path) -> None:
    counters, occupancy, pause = Counters(2), Occupancy(2), Pause(Clock())
    pause.begin(600)
    for worker in range(2):
        counters.row(worker)[Count.QUERIES] += 5
        occupancy.row(worker).enter("192.168.1.23")
    path = tmp_path / "state.sock"
    server = await State(occupancy, counters, pause).serve(places.bound_for_all(path))
    reader, writer = await open_unix_connection(path)
    told = json.loads(await reader.read())
    writer.close()
    server.close()
    assert (told["queries"], told["connections"], told["clients"], told["blocking_paused_seconds"]) == (10, 2, 1, 600)
    assert all(isinstance(value, int) for value in told.values())
    with socket.socket(socket.AF_UNIX) as late, pytest.raises(ConnectionRefusedError):
        late.connect(str(path))


async def test_clients_are_counted_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(state, "monotonic", clock)
    occupancy = Occupancy()
    numbers = State(occupancy, Counters(), Pause(clock))
    assert numbers.now()["clients"] == 0
    occupancy.row(0).enter("192.168.1.23")
    assert numbers.now()["clients"] == 0
    clock.now_s += 1
    assert numbers.now()["clients"] == 1
