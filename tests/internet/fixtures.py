"""The fixture `internet`, for tests/conftest.py to import."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.internet import Internet, run


@pytest.fixture(scope="session")
def internet() -> Iterator[Internet]:
    """The tests' own internet, one for each worker of pytest-xdist."""
    with tempfile.TemporaryDirectory(prefix="homedot-internet-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # unlike pytest's folders, readable by unbound when it runs as a user of its own
        with run(folder) as running:
            yield running
