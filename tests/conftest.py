"""Fixtures that every room's tests share."""

from pathlib import Path

import pytest

from tests.fakes.pair import write_pair


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Tests marked `anyio` run on the loop that the appliance runs on."""
    return "asyncio"


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A fresh key and certificate in one file."""
    return write_pair(tmp_path / "pair.pem")
