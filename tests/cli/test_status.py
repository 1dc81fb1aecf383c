"""`homedot status`: the exit code tells whether this box answers."""

import json
from pathlib import Path

import pytest

from app.cli.commands import main
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
    if words:
        assert json.loads(shown)["answers"] is False


def test_a_box_that_was_never_started_has_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"], {"HOMEDOT_RUN_DIR": str(tmp_path)}) == 2
    assert START_FIRST in capsys.readouterr().err
