from itertools import pairwise
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.errors import UpstreamError
from app.programs import bogus, paths, users
from app.programs.bogus import Mark, forget, noted
from app.programs.findings_log import Findings
from tests.fakes.clock import Clock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(run_dir=tmp_path)
    paths.bogus_mark(made).parent.mkdir()
    return made


def test_bogus_answers_are_noted_once_a_second(settings: Settings) -> None:
    clock, seen = Clock(), [noted(settings)]
    mark = Mark(paths.bogus_mark(settings), clock)
    for clock.now_s in (0.0, 0.5, 0.9, 1.0, 1.9):
        mark.note()
        seen.append(noted(settings))
    assert seen[0] is None
    assert [after != before for before, after in pairwise(seen)] == [True, False, False, True, False]


def test_a_note_that_cannot_be_made_stops_nobody(tmp_path: Path) -> None:
    Mark(tmp_path / "absent/bogus").note()


def test_an_unbound_that_is_just_being_started_has_nothing_to_forget(settings: Settings) -> None:
    assert forget(settings) == Findings()


def test_what_it_does_not_forget_is_told_and_it_was_unbounds_user_who_asked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[str] = []

    def refuse(_: Path) -> None:
        assert became == [users.UNBOUND]
        raise UpstreamError("unbound does not forget")

    monkeypatch.setattr(users, "become", became.append)
    monkeypatch.setattr(bogus, "forget_bogus", refuse)
    assert forget(settings) == Findings(warnings=("unbound does not forget",))
