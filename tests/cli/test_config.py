import json
from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.settings import leaves
from tests.config.test_public import WHOLE


def test_config_prints_every_value_and_where_it_came_from(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "homedot.yaml"
    config.write_text("web: {enabled: no}\n")
    assert main(["config"], {"HOMEDOT_CONFIG": str(config), "HOMEDOT_ADDRESSES": "192.168.1.10"}) == 0
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert list(rows) == [leaf.name for leaf in leaves()]
    assert rows["addresses"][1:] == ["192.168.1.10", "HOMEDOT_ADDRESSES"]
    assert rows["web.enabled"][1:] == ["false", str(config)]
    assert rows["tls.key"][1:] == ["-", "default"]
    assert rows["resolver.forward"][1] == "tls://9.9.9.9@853#dns.quad9.net,"


def test_scripts_are_told_the_same_settings_with_their_types(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--json"], {"HOMEDOT_ADDRESSES": "192.168.1.10, fd00::10"}) == 0
    rows = {row.pop("name"): row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == [leaf.name for leaf in leaves()]
    assert rows["addresses"] == {"value": ["192.168.1.10", "fd00::10"], "source": "HOMEDOT_ADDRESSES"}
    assert rows["dot.port"] == {"value": 853, "source": "default"}
    assert rows["tls.key"]["value"] is None


def test_nobody_is_shown_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["config"], ["config", "--json"]):
        assert main(arguments, WHOLE) == 0
        shown = capsys.readouterr().out
        assert "t0ken" not in shown
        assert "hidden" in shown


def test_what_is_quoted_steers_no_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "homedot.yaml"
    config.write_text(r'"\e[31mred\u202e": 1')
    assert main(["config"], {"HOMEDOT_CONFIG": str(config)}) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == "homedot: 1 configuration error:"
    assert second.startswith("  \ufffd[31mred\ufffd: there is no such setting")
