"""When upkeep is to find out why names do not resolve."""

from pathlib import Path

import pytest

from app.programs import look_wanted, paths
from tests.programs.test_closer_look import house


def test_nobody_looks_unless_somebody_wishes(tmp_path: Path) -> None:
    settings = house(tmp_path, "192.0.2.1")
    assert look_wanted.wanted(settings) is None
    paths.look_wish(settings).touch()
    first = look_wanted.wanted(settings)
    assert first is not None
    assert look_wanted.wanted(settings) == first


@pytest.mark.parametrize(("mode", "values"), [("forward", 2), ("auto", 2), ("recursive", 2)])
def test_what_unbound_knows_is_looked_at_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, values: int
) -> None:
    settings = house(tmp_path, "192.0.2.1", "192.0.2.2", mode=mode)
    seen = []
    for now_s in (100.0, 101.0, 131.0):
        monkeypatch.setattr(look_wanted, "monotonic", lambda now_s=now_s: now_s)
        seen.append(look_wanted.wanted(settings))
    assert len(set(seen)) == values
