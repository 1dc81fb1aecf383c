import pytest

from app.cli.commands import main


def test_healthcheck_is_one_sentence_and_1_when_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["healthcheck"], {"HOMEDOT_DOT__PORT": "1"}) == 1
    told = capsys.readouterr().err
    assert told.startswith("homedot: ")
    assert told.count("\n") == 1
