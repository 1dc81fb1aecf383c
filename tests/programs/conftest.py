"""A place for one appliance."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.programs import users
from tests.appliance import folder_for_all


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the appliance's own users can enter; gone after the test."""
    with folder_for_all() as path:
        yield path


@pytest.fixture(autouse=True)
def one_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for an ordinary user: pytest's folders are closed to others."""
    monkeypatch.setattr(users, "find", lambda _: None)
