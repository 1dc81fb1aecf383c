"""Another key under the same authority: only when told to, and the old one is kept."""

from pathlib import Path

import pytest

from app.cli.key import key_new
from app.config.settings import Settings
from app.errors import OperatorError
from app.host.grace_period import GracePeriod
from app.onboarding.enrolment import Enrolment
from app.programs import bootstrap, paths
from tests.trust.disks import snapshot


def served(settings: Settings) -> Enrolment:
    return paths.read_enrolment(settings)


def test_a_new_key_keeps_the_authority_and_tells_who_pins(
    prepared: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    before = served(prepared)
    assert key_new(prepared, yes=True) == 0
    news = bootstrap.identify(prepared, GracePeriod()).news
    after = served(prepared)
    assert news == (f"the certificate has another key: devices that pin it need the new pin {after.spki_pin}",)
    assert (after.root_sha256, after.moved_on) == (before.root_sha256, None)
    assert after.spki_pin != before.spki_pin
    assert f"SPKI pin      {after.spki_pin}" in capsys.readouterr().out


def test_a_new_key_is_the_way_out_when_only_the_leaf_is_lost(prepared: Settings) -> None:
    before = served(prepared)
    (prepared.data_dir / "tls/leaf.key").unlink()
    with pytest.raises(OperatorError, match="`homedot key new` makes a new key"):
        bootstrap.run(prepared)
    key_new(prepared, yes=True)
    bootstrap.run(prepared)
    assert served(prepared).root_sha256 == before.root_sha256


def test_a_new_key_needs_a_whole_authority_and_changes_nothing_without(tmp_path: Path, prepared: Settings) -> None:
    (prepared.data_dir / "ca/root.pem").write_bytes(b"garbage")
    before = snapshot(tmp_path)
    with pytest.raises(OperatorError, match=r"ca/root\.pem: holds no certificate"):
        key_new(prepared, yes=True)
    assert snapshot(tmp_path) == before
