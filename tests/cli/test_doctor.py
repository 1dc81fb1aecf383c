import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli.commands import main
from app.programs.paths import IS_RUNNING, START_FIRST


def test_that_nobody_listens_is_one_cause_and_1(
    nobody_listens: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"], nobody_listens) == 1
    shown = capsys.readouterr().out
    assert "1. dot, the program that answers devices, does not run: " in shown
    assert IS_RUNNING in shown
    assert "SPKI pin" not in shown
    assert main(["doctor", "--all"], nobody_listens) == 1
    assert "SPKI pin      pin=" in capsys.readouterr().out


def test_doctor_tells_scripts_the_same(nobody_listens: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"], nobody_listens) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["verdict"], document["spki_pin"]) == (2, "fail", "pin=")
    assert [cause["check"] for cause in document["causes"]] == ["front door", "block lists"]
    assert datetime.fromisoformat(document["checked_at"]) <= datetime.now(UTC)


def test_a_remedy_names_what_set_the_setting(
    nobody_listens: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lists = "https://lists.example/a.txt"
    main(["doctor"], nobody_listens | {"HOMEDOT_BLOCKING__LISTS": lists})
    assert "What to do: check the address in HOMEDOT_BLOCKING__LISTS;" in capsys.readouterr().out
    own = tmp_path / "own.yaml"
    own.write_text(f"blocking:\n  lists: [{lists}]\n")
    main(["doctor"], nobody_listens | {"HOMEDOT_CONFIG": str(own)})
    assert f"What to do: check the address in blocking.lists in {own};" in capsys.readouterr().out


def test_doctor_says_what_to_do_when_homedot_never_ran(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["doctor"], {"HOMEDOT_RUN_DIR": str(tmp_path)}) == 2
    assert START_FIRST in capsys.readouterr().err


def test_a_name_that_is_none_is_refused_before_anything_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--bogus-name", "a..b"], {})
    assert left.value.code == 2
    assert "--bogus-name" in capsys.readouterr().err
