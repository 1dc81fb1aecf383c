import json

import pytest

from app.cli.commands import main


def test_snippet_lists_its_kinds(nobody_listens: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snippet"], nobody_listens) == 0
    kinds = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {"systemd-resolved", "networkmanager", "stubby", "unbound", "kdig", "windows", "openwrt", "dhcp", "dnr"} == {
        *kinds
    }
    for kind in kinds:
        assert main(["snippet", kind], nobody_listens) == 0
        assert len(capsys.readouterr().out.splitlines()) > 1


def test_snippet_says_which_kinds_there_are_when_asked_for_another(
    nobody_listens: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["snippet", "bind"], nobody_listens) == 2
    assert "there is none for 'bind': choose one of systemd-resolved, " in capsys.readouterr().err


def test_scripts_get_the_kinds_with_their_lines(
    nobody_listens: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["snippet", "--json"], nobody_listens) == 0
    every = json.loads(capsys.readouterr().out)
    assert main(["snippet", "kdig", "--json"], nobody_listens) == 0
    assert json.loads(capsys.readouterr().out) == [each for each in every if each["kind"] == "kdig"] != []
