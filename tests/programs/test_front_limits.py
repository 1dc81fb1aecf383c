"""What one box can afford; that the front door keeps to it is in test_front and tests/dot."""

import logging
import resource

import pytest

from app.config.settings import Dot, Plain, Settings
from app.programs.front_limits import limits_of


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """A machine that has 1064 file descriptors for a process; what was asked for of them."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1064))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    return asked


def test_it_takes_all_descriptors_that_there_are_to_have(raised: list[tuple[int, int]]) -> None:
    assert limits_of(Settings(dot=Dot(connections=1000))).connections == 1000
    assert raised == [(1064, 1064)]


def test_more_connections_than_descriptors_are_told_and_cut(
    raised: list[tuple[int, int]], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "homedot"):
        assert limits_of(Settings(dot=Dot(connections=1001))).connections == 1000
    assert "dot.connections: only 1000 instead of 1001" in caplog.text
    assert raised == [(1064, 1064)]


def test_each_transport_of_each_worker_is_a_server(raised: list[tuple[int, int]]) -> None:
    assert raised == []
    dot = Dot(workers=3)
    assert [limits_of(Settings(dot=dot, plain=Plain(enabled=on))).servers for on in (False, True)] == [3, 6]
