import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli.commands import main
from app.programs.paths import START_FIRST


def test_doctor_fails_with_1_when_nobody_listens(
    nobody_listens: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"], nobody_listens) == 1
    shown = capsys.readouterr().out
    assert "SPKI pin      pin=" in shown
    assert "FAIL         strict query" in shown
    assert "-> check that the container runs" in shown


def test_doctor_tells_scripts_the_same(nobody_listens: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"], nobody_listens) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["verdict"], document["spki_pin"]) == (1, "fail", "pin=")
    assert datetime.fromisoformat(document["checked_at"]) <= datetime.now(UTC)


def test_doctor_says_what_to_do_when_homedot_never_ran(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["doctor"], {"HOMEDOT_RUN_DIR": str(tmp_path)}) == 2
    assert START_FIRST in capsys.readouterr().err


def test_a_name_that_is_none_is_refused_before_anything_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--bogus-name", "a..b"], {})
    assert left.value.code == 2
    assert "--bogus-name" in capsys.readouterr().err
