"""A front door that runs in a thread of its own, so that programs and plain sockets can be its clients."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.dot.poller import Loop
from tests.dot.serving import Serving, serving
from tests.fakes.pair import write_pair


@dataclass(frozen=True)
class Door:
    """A running one; its answerer echoes (tests/fakes/answerer.py)."""

    house: Serving
    pair: Path
    loop: asyncio.AbstractEventLoop

    @property
    def port(self) -> int:
        return self.house.port

    @property
    def seen(self) -> list[bytes]:
        """The messages that came through."""
        return self.house.answerer.seen

    def do(self, call: Callable[[], object]) -> None:
        """Run `call` where the door runs."""

        async def there() -> None:
            call()

        asyncio.run_coroutine_threadsafe(there(), self.loop).result(10)


@contextmanager
def opened(pair: Path, **limits: Any) -> Iterator[Door]:
    """A door that serves `pair`, with tests.dot.serving.LIMITS changed by `limits`."""
    doors: list[Door] = []
    is_open, closing = threading.Event(), asyncio.Event()

    async def serve() -> None:
        try:
            async with serving(pair, allowed=True, **limits) as house:
                doors.append(Door(house, pair, asyncio.get_running_loop()))
                is_open.set()
                await closing.wait()
        finally:
            is_open.set()

    def run() -> None:
        with asyncio.Runner(loop_factory=Loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert is_open.wait(10)
    try:
        yield doors[0]
    finally:
        doors[0].do(closing.set)
        thread.join()


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(write_pair(tmp_path_factory.mktemp("door") / "pair.pem"), connections_per_client=512) as running:
        yield running
