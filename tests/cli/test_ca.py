"""Another authority, another key: only when told to, and the old one is kept."""

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.cli.ca import ca_new, key_new
from app.cli.commands import main
from app.config.settings import Resolver, Settings, Tls
from app.errors import OperatorError
from app.host.grace_period import Lingering
from app.onboarding.enrolment import Enrolment
from app.programs import bootstrap, paths
from app.trust import clock
from tests.trust.disks import FILES, snapshot


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(
        data_dir=tmp_path / "data",
        run_dir=tmp_path / "run",
        addresses=(ip_address("192.168.1.10"),),
        resolver=Resolver(mode="recursive"),
    )
    bootstrap.bootstrap(made)
    return made


def served(settings: Settings) -> Enrolment:
    return paths.read_enrolment(settings)


@pytest.mark.parametrize(
    ("words", "consequence"),
    [(["ca", "new"], "Every device must install the new profile"), (["key", "new"], "need the new pin")],
)
def test_without_yes_it_says_what_it_means_and_changes_nothing(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str], words: list[str], consequence: str
) -> None:
    before = snapshot(tmp_path)
    assert main(words, {"HOMEDOT_DATA_DIR": str(settings.data_dir)}) == 2
    told = capsys.readouterr().err
    assert consequence in told
    assert f"To go on: homedot {' '.join(words)} --yes" in told
    assert snapshot(tmp_path) == before


def test_a_new_authority_keeps_the_old_one_aside_and_upkeep_serves_it(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    before = served(settings)
    files = {name: (settings.data_dir / name).read_bytes() for name in FILES}
    words = ["ca", "new", "--yes"]
    environment = {"HOMEDOT_DATA_DIR": str(settings.data_dir), "HOMEDOT_ADDRESSES": "192.168.1.10"}
    assert main(words, environment) == 0
    (aside,) = settings.data_dir.glob("old.*")
    assert {name: (aside / name).read_bytes() for name in FILES} == files
    assert aside.name.endswith((before.root_sha256 or "").replace(":", "").lower()[:10])
    news = bootstrap.identify(settings, Lingering()).news
    assert news == ("addresses or root changed: every device must scan the code again, see `homedot setup-phone`",)
    after = served(settings)
    assert after.root_sha256 != before.root_sha256
    assert after.spki_pin != before.spki_pin
    assert after.moved_on is not None
    shown = capsys.readouterr().out
    assert f"Root SHA-256  {after.root_sha256}" in shown
    assert str(aside) in shown


def test_a_new_key_keeps_the_authority_and_tells_who_pins(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    before = served(settings)
    assert key_new(settings, yes=True) == 0
    news = bootstrap.identify(settings, Lingering()).news
    after = served(settings)
    assert news == (f"the certificate has another key: devices that pin it need the new pin {after.spki_pin}",)
    assert (after.root_sha256, after.moved_on) == (before.root_sha256, None)
    assert after.spki_pin != before.spki_pin
    assert f"SPKI pin      {after.spki_pin}" in capsys.readouterr().out


def test_a_new_authority_is_the_way_out_of_a_damaged_volume(settings: Settings) -> None:
    for name in FILES[::2]:
        (settings.data_dir / name).write_bytes(b"garbage")
    with pytest.raises(OperatorError, match="`homedot ca new` makes a new authority"):
        bootstrap.bootstrap(settings)
    ca_new(settings, yes=True)
    bootstrap.bootstrap(settings)
    (aside,) = settings.data_dir.glob("old.*-unreadable")
    assert (aside / FILES[0]).read_bytes() == b"garbage"


def test_a_new_key_is_the_way_out_when_only_the_leaf_is_lost(settings: Settings) -> None:
    before = served(settings)
    (settings.data_dir / "tls/leaf.key").unlink()
    with pytest.raises(OperatorError, match="`homedot key new` makes a new key"):
        bootstrap.bootstrap(settings)
    key_new(settings, yes=True)
    bootstrap.bootstrap(settings)
    assert served(settings).root_sha256 == before.root_sha256


def test_a_new_key_needs_a_whole_authority_and_changes_nothing_without(tmp_path: Path, settings: Settings) -> None:
    (settings.data_dir / "ca/root.pem").write_bytes(b"garbage")
    before = snapshot(tmp_path)
    with pytest.raises(OperatorError, match=r"ca/root\.pem: holds no certificate"):
        key_new(settings, yes=True)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("command", [ca_new, key_new])
def test_nothing_is_made_of_our_own_beside_a_certificate_of_the_user(settings: Settings, command: object) -> None:
    own = replace(settings, tls=Tls(certificate=Path("cert.pem"), key=Path("key.pem")))
    with pytest.raises(OperatorError, match="unset it first"):
        command(own, yes=True)  # type: ignore[operator]


@pytest.mark.parametrize("command", [ca_new, key_new])
def test_nothing_is_made_before_the_clock_is_set(
    tmp_path: Path, settings: Settings, command: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(tmp_path)
    monkeypatch.setattr(clock, "now", lambda: None)
    with pytest.raises(OperatorError, match="the clock of this machine is not set"):
        command(settings, yes=True)  # type: ignore[operator]
    assert snapshot(tmp_path) == before
