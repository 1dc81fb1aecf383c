"""A place for one appliance."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.appliance import folder_for_all


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the appliance's own users can enter; gone after the test."""
    with folder_for_all() as path:
        yield path
