"""Another authority, another key: only when told to, and the old one is kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.cli.ca import ca_new
from app.cli.commands import main
from app.cli.key import key_new
from app.config.settings import Settings, Tls
from app.errors import OperatorError
from app.host.grace_period import GracePeriod
from app.onboarding.enrolment import Enrolment
from app.programs import bootstrap, paths
from app.programs.bootstrap import SCAN_AGAIN
from app.trust import clock
from tests.trust.disks import FILES, snapshot


def served(settings: Settings) -> Enrolment:
    return paths.read_enrolment(settings)


@pytest.mark.parametrize(
    ("words", "consequence"),
    [(["ca", "new"], "Every device must install the new profile"), (["key", "new"], "need the new pin")],
)
def test_without_yes_it_says_what_it_means_and_changes_nothing(
    tmp_path: Path, prepared: Settings, capsys: pytest.CaptureFixture[str], words: list[str], consequence: str
) -> None:
    before = snapshot(tmp_path)
    assert main(words, {"HOMEDOT_DATA_DIR": str(prepared.data_dir)}) == 2
    told = capsys.readouterr().err
    assert consequence in told
    assert f"To continue: homedot {' '.join(words)} --yes" in told
    assert snapshot(tmp_path) == before


def test_a_new_authority_keeps_the_old_one_aside_and_upkeep_serves_it(
    prepared: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    before = served(prepared)
    files = {name: (prepared.data_dir / name).read_bytes() for name in FILES}
    words = ["ca", "new", "--yes"]
    environment = {"HOMEDOT_DATA_DIR": str(prepared.data_dir), "HOMEDOT_ADDRESSES": "192.168.1.10"}
    assert main(words, environment) == 0
    (aside,) = prepared.data_dir.glob("old.*")
    assert {name: (aside / name).read_bytes() for name in FILES} == files
    assert aside.name.endswith((before.root_sha256 or "").replace(":", "").lower()[:10])
    news = bootstrap.identify(prepared, GracePeriod()).news
    assert news == (f"addresses, a port or the root changed: {SCAN_AGAIN}, see `homedot setup-phone`",)
    after = served(prepared)
    assert after.root_sha256 != before.root_sha256
    assert after.spki_pin != before.spki_pin
    assert after.moved_on is not None
    shown = capsys.readouterr().out
    assert f"Root SHA-256  {after.root_sha256}" in shown
    assert str(aside) in shown


def test_a_new_authority_is_the_way_out_of_a_damaged_volume(prepared: Settings) -> None:
    for name in FILES[::2]:
        (prepared.data_dir / name).write_bytes(b"garbage")
    with pytest.raises(OperatorError, match="`homedot ca new` makes a new authority"):
        bootstrap.run(prepared)
    ca_new(prepared, yes=True)
    bootstrap.run(prepared)
    (aside,) = prepared.data_dir.glob("old.*-unreadable")
    assert (aside / FILES[0]).read_bytes() == b"garbage"


@pytest.mark.parametrize("command", [ca_new, key_new])
def test_nothing_is_made_of_our_own_beside_a_certificate_of_the_user(prepared: Settings, command: object) -> None:
    own = replace(prepared, tls=Tls(certificate=Path("cert.pem"), key=Path("key.pem")))
    with pytest.raises(OperatorError, match="unset it first"):
        command(own, yes=True)  # type: ignore[operator]


@pytest.mark.parametrize("command", [ca_new, key_new])
def test_nothing_is_made_before_the_clock_is_set(
    tmp_path: Path, prepared: Settings, command: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(tmp_path)
    monkeypatch.setattr(clock, "now", lambda: None)
    with pytest.raises(OperatorError, match="the clock of this machine is not set"):
        command(prepared, yes=True)  # type: ignore[operator]
    assert snapshot(tmp_path) == before
