"""Fixtures that every room's tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

from app.dot.poller import Loop
from tests.fakes.pair import write_pair
from tests.internet.fixtures import internet

__all__ = ["internet"]

# A shared machine may stall any example; time is what benchmarks are for.
settings.register_profile("homedot", deadline=None)
settings.load_profile("homedot")


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, object]]:
    """Tests marked `anyio` run on the loop that the front door runs on."""
    return "asyncio", {"loop_factory": Loop}


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A fresh key and certificate in one file."""
    return write_pair(tmp_path / "pair.pem")
