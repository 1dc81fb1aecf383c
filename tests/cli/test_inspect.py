import json
import socket
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.cli.commands import main
from app.config.load import load
from app.config.settings import leaves
from app.onboarding.enrolment import Enrolment
from app.programs import paths


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


def test_setup_phone_says_what_to_do_when_nothing_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["setup-phone"], {"HOMEDOT_RUN_DIR": str(tmp_path)}) == 2
    assert "is Homedot running? Start it first" in capsys.readouterr().err


def test_healthcheck_is_one_sentence_and_1_when_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["healthcheck"], {"HOMEDOT_DOT__PORT": "1"}) == 1
    told = capsys.readouterr().err
    assert told.startswith("homedot: ")
    assert told.count("\n") == 1


@pytest.fixture
def nobody_listens(tmp_path: Path) -> dict[str, str]:
    """An installation that was started once, on a port that is closed now."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path)}
    enrolment = Enrolment(
        hostname="dns.home.arpa",
        addresses=(ip_address("127.0.0.1"),),
        dot_port=port,
        plain_port=None,
        web_port=None,
        root_pem=None,
        root_sha256=None,
        spki_pin="pin=",
        not_after=datetime(2099, 1, 2, tzinfo=UTC),
        resolver="recursive",
        resolver_reason="a root server answered",
    )
    path = paths.enrolment(load(environment).settings)
    path.parent.mkdir()
    path.write_text(enrolment.to_json())
    return environment


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
    assert "Start it first" in capsys.readouterr().err


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


def test_a_name_that_is_none_is_refused_before_anything_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--bogus-name", "a..b"], {})
    assert left.value.code == 2
    assert "--bogus-name" in capsys.readouterr().err
