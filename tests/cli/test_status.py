"""`homedot status`: the exit code tells whether this box answers."""

import json
from pathlib import Path

import pytest

from app.cli.commands import main
from app.doctor.condition import NO_FRONT_DOOR
from app.programs.paths import START_FIRST


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_box_that_does_not_answer_is_shown_all_the_same(
    words: list[str], nobody_listens: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", *words], nobody_listens) == 1
    shown = capsys.readouterr().out
    assert f"DNS over TLS on port {nobody_listens['HOMEDOT_DOT__PORT']}: " in shown
    assert "127.0.0.1" in shown
    assert "2099-01-02" in shown
    assert NO_FRONT_DOOR in shown
    if words:
        document = json.loads(shown)
        assert document["answers"] is False
        assert document["condition"]["kind"] == "not_answering"
        assert document["today"] == {"queries": None, "blocked": None}


def test_the_screen_is_kept_up_to_date_until_somebody_has_seen_enough(
    nobody_listens: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = iter([None, KeyboardInterrupt()])

    def sleep(_: float) -> None:
        ended = next(waited)
        if ended is not None:
            raise ended

    monkeypatch.setattr("app.cli.status.time.sleep", sleep)
    assert main(["status", "--watch"], nobody_listens) == 130
    screens = capsys.readouterr().out.split("\033[H\033[2J")
    assert len(screens) == 3
    assert all(screen.startswith("state ") for screen in screens[1:])


def test_scripts_watch_by_themselves(nobody_listens: dict[str, str]) -> None:
    with pytest.raises(SystemExit):
        main(["status", "--json", "--watch"], nobody_listens)


def test_a_box_that_was_never_started_has_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"], {"HOMEDOT_RUN_DIR": str(tmp_path)}) == 2
    assert START_FIRST in capsys.readouterr().err
