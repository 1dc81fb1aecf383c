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
