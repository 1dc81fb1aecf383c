"""Profiles that are signed in advance, for the web process to find."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.errors import OperatorError
from app.onboarding.enrolment import Enrolment
from app.onboarding.profile import mobileconfig
from app.onboarding.variant import WITHOUT_NAMES, Variant
from app.programs import paths
from app.programs.signed_profiles import publish_profiles
from app.trust import clock
from app.trust.constraints import Names
from app.trust.own import load_own_certificate
from app.trust.store import Identity, ensure_own
from app.unbound.reach import ROOT_ANSWERED
from tests.fakes.pki import Authority

NAME = "dns.home.arpa"
AUTHORITY = Authority()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "run/public").mkdir(parents=True)
    return Settings(run_dir=tmp_path / "run")


def own_certificate(folder: Path) -> Identity:
    """A new one."""
    leaf = AUTHORITY.intermediate.sign(NAME, names=[NAME])
    (folder / "cert.pem").write_bytes(leaf.pem + AUTHORITY.intermediate.pem)
    (folder / "key.pem").write_bytes(leaf.key_pem)
    return load_own_certificate(folder / "cert.pem", folder / "key.pem", NAME, datetime.now(UTC))


def enrolment_of(identity: Identity) -> Enrolment:
    return Enrolment(
        hostname=NAME,
        addresses=(ip_address("192.168.1.10"),),
        dot_port=853,
        plain_port=None,
        web_port=8853,
        root_pem=identity.root_pem.decode() if identity.root_pem else None,
        root_sha256=identity.root_sha256,
        spki_pin=identity.spki_pin,
        not_after=identity.not_after,
        resolver="recursive",
        resolver_reason=ROOT_ANSWERED,
    )


def published(settings: Settings) -> list[bytes]:
    return sorted(path.read_bytes() for path in paths.signed_profiles(settings).iterdir())


@pytest.mark.parametrize("variant", WITHOUT_NAMES, ids=str)
def test_the_very_profile_is_signed_and_openssl_gets_it_back(
    settings: Settings, tmp_path: Path, variant: Variant
) -> None:
    identity = own_certificate(tmp_path)
    publish_profiles(settings, identity, enrolment_of(identity))
    profile = mobileconfig(enrolment_of(identity), variant)
    (tmp_path / "root.pem").write_bytes(AUTHORITY.root.pem)
    (tmp_path / "signed").write_bytes(paths.read_signed(settings, profile))
    command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", "signed", "-CAfile", "root.pem", "-binary"]
    done = subprocess.run([*command, "-purpose", "sslserver"], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout == profile


def test_everybody_may_read_it(settings: Settings, tmp_path: Path) -> None:
    identity = own_certificate(tmp_path)
    publish_profiles(settings, identity, enrolment_of(identity))
    folder = paths.signed_profiles(settings)
    assert folder.stat().st_mode & 0o777 == 0o755
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}


def test_it_stays_until_its_content_or_the_certificate_changes(settings: Settings, tmp_path: Path) -> None:
    identity = own_certificate(tmp_path)
    enrolment = enrolment_of(identity)
    publish_profiles(settings, identity, enrolment)
    first = published(settings)
    publish_profiles(settings, identity, replace(enrolment, resolver="forward"))  # which no profile tells
    assert published(settings) == first

    identity = own_certificate(tmp_path)
    publish_profiles(settings, identity, enrolment)
    second = published(settings)
    assert not {*second} & {*first}
    assert any(mobileconfig(enrolment) in each for each in second)

    moved = replace(enrolment, addresses=(ip_address("192.168.1.77"),))
    publish_profiles(settings, identity, moved)
    third = published(settings)
    assert len(third) == len(first)
    assert any(mobileconfig(moved) in each for each in third)


def test_none_is_left_when_the_page_is_off(settings: Settings, tmp_path: Path) -> None:
    identity = own_certificate(tmp_path)
    publish_profiles(settings, identity, enrolment_of(identity))
    publish_profiles(settings, identity, replace(enrolment_of(identity), web_port=None))
    assert published(settings) == []


def test_our_own_authority_signs_none(settings: Settings, tmp_path: Path) -> None:
    identity = own_certificate(tmp_path)
    publish_profiles(settings, identity, enrolment_of(identity))
    identity = ensure_own(tmp_path / "data", Names(NAME, ()), datetime.now(UTC))
    publish_profiles(settings, identity, enrolment_of(identity))
    assert published(settings) == []


def test_nothing_is_signed_while_the_clock_is_not_set(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = own_certificate(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: None)
        publish_profiles(settings, identity, enrolment_of(identity))
        assert published(settings) == []
    publish_profiles(settings, identity, enrolment_of(identity))
    assert len(published(settings)) == len(WITHOUT_NAMES)


def test_a_folder_that_cannot_be_written_is_the_operators(settings: Settings, tmp_path: Path) -> None:
    paths.signed_profiles(settings).write_text("not a folder")
    identity = own_certificate(tmp_path)
    with pytest.raises(OperatorError, match="public/signed: cannot be written"):
        publish_profiles(settings, identity, enrolment_of(identity))
