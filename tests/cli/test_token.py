"""`homedot token`."""

from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.load import load
from app.config.settings import Settings
from app.onboarding.token import is_token
from app.programs import pause_token


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"HOMEDOT_DATA_DIR": str(tmp_path)}).settings


def test_the_command_prints_it_and_makes_another(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"HOMEDOT_DATA_DIR": str(tmp_path)}
    assert main(["token"], environment) == 2
    assert "there is no token: `homedot token new` makes one" in capsys.readouterr().err
    pause_token.ensure(settings)
    assert main(["token"], environment) == 0
    first = capsys.readouterr().out.strip()
    assert main(["token", "new"], environment) == 0
    second = capsys.readouterr().out.strip()
    assert is_token(first)
    assert is_token(second)
    assert first != second
    assert pause_token.read(settings) == second
