"""Fixtures that every room's tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

from app.dot.poller import Loop
from tests.fakes.pair import write_pair
from tests.internet.fixtures import internet
from tests.loopback import ensure_ipv6

__all__ = ["internet"]

# A shared machine may stall any example; time is what benchmarks are for.
settings.register_profile("homedot", deadline=None)
settings.load_profile("homedot")


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, object]]:
    """Tests marked `anyio` run on the loop that the front door runs on."""
    return "asyncio", {"loop_factory": Loop}


@pytest.fixture(scope="session", autouse=True)
def ipv6(request: pytest.FixtureRequest) -> None:
    """Tests marked `server` find ::1 on every machine."""
    if any(item.get_closest_marker("server") for item in request.session.items):
        ensure_ipv6()


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A fresh key and certificate in one file."""
    return write_pair(tmp_path / "pair.pem")
