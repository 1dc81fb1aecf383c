from pathlib import Path

import pytest

from app.cli.commands import main
from app.programs.paths import START_FIRST


def test_setup_phone_says_what_to_do_when_nothing_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["setup-phone"], {"HOMEDOT_RUN_DIR": str(tmp_path)}) == 2
    assert START_FIRST in capsys.readouterr().err
