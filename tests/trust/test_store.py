import errno
import os
import shutil
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from app.errors import OperatorError
from app.trust import pem
from app.trust.store import Identity, ensure_own, publish
from tests.trust.cut_off import HOSTNAME, NEW, OLD
from tests.trust.disks import FILES, fail_at, snapshot
from tests.trust.minting import NOW

MID_LIFE = NOW + timedelta(days=130)


def faults_of(folder: Path) -> str:
    with pytest.raises(OperatorError) as caught:
        ensure_own(folder, HOSTNAME, OLD, NOW)
    return str(caught.value)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def identity(data: Path) -> Identity:
    return ensure_own(data, HOSTNAME, OLD, NOW)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    ensure_own(tmp_path / "other", HOSTNAME, OLD, NOW)
    return tmp_path / "other"


@pytest.mark.usefixtures("identity")
def test_makes_the_files_for_the_owner_alone(data: Path) -> None:
    modes = {name: stat.S_IMODE(entry[1]) for name, entry in snapshot(data).items()}
    assert modes == {"ca": 0o700, "tls": 0o700} | dict.fromkeys(FILES, 0o600)


def test_the_roots_private_key_is_nowhere(data: Path, identity: Identity) -> None:
    root = x509.load_pem_x509_certificate(identity.root_pem or b"")
    keys = [content for content, *_ in snapshot(data).values() if b"PRIVATE KEY" in content]
    assert len(keys) == 2
    assert all(pem.private_key(key).public_key() != root.public_key() for key in keys)


def test_a_second_start_changes_nothing(data: Path, identity: Identity) -> None:
    before = snapshot(data)
    assert ensure_own(data, HOSTNAME, OLD, NOW + timedelta(days=30)) == identity
    assert snapshot(data) == before


def test_a_second_start_needs_no_permission_to_write(
    data: Path, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(monkeypatch, 1, errno.EROFS)
    assert ensure_own(data, HOSTNAME, OLD, NOW) == identity


def test_the_pair_is_the_key_and_the_chain(data: Path, identity: Identity) -> None:
    assert identity.pair_pem == (data / "tls/leaf.key").read_bytes() + (data / "tls/chain.pem").read_bytes()
    assert identity.root_pem == (data / "ca/root.pem").read_bytes()
    assert identity.not_after == NOW + timedelta(days=179)
    assert identity.root_sha256 != identity.leaf_sha256
    assert identity.warnings == ()


def test_an_identity_does_not_show_its_key(identity: Identity) -> None:
    assert "PRIVATE" not in repr(identity)


@pytest.mark.parametrize(("addresses", "now"), [(NEW, NOW), (OLD, MID_LIFE)])
def test_renews_the_chain_in_place_and_nothing_else(data: Path, identity: Identity, addresses: Any, now: Any) -> None:
    before = snapshot(data)
    renewed = ensure_own(data, HOSTNAME, addresses, now)
    after = snapshot(data)
    assert {name for name in FILES if before[name] != after[name]} == {"tls/chain.pem"}
    assert after["tls/chain.pem"][1] == before["tls/chain.pem"][1]
    assert renewed.leaf_sha256 != identity.leaf_sha256
    assert (renewed.spki_pin, renewed.root_sha256) == (identity.spki_pin, identity.root_sha256)


@pytest.mark.usefixtures("identity")
def test_a_hostname_the_authority_may_not_certify_is_refused_and_nothing_changed(data: Path) -> None:
    before = snapshot(data)
    with pytest.raises(OperatorError, match="delete the folders ca and tls"):
        ensure_own(data, "dns.example.com", OLD, NOW)
    assert snapshot(data) == before


def test_warns_when_the_clock_is_before_the_certificate(data: Path, identity: Identity) -> None:
    again = ensure_own(data, HOSTNAME, OLD, NOW - timedelta(days=400))
    assert again.leaf_sha256 == identity.leaf_sha256
    assert "set the clock" in again.warnings[0]


@pytest.mark.usefixtures("identity")
def test_warns_when_the_authority_is_about_to_end(data: Path) -> None:
    late = ensure_own(data, HOSTNAME, OLD, NOW + timedelta(days=3600))
    assert "the authority ends on 2036-05-28" in late.warnings[0]


def test_empty_folders_count_as_nothing(data: Path) -> None:
    for folder in ("ca", "tls"):
        (data / folder).mkdir(parents=True)
    assert ensure_own(data, HOSTNAME, OLD, NOW).warnings == ()


def test_a_deleted_tls_folder_gets_a_new_key_from_the_same_authority_and_a_warning(
    data: Path, identity: Identity
) -> None:
    shutil.rmtree(data / "tls")
    again = ensure_own(data, HOSTNAME, OLD, NOW)
    assert again.root_sha256 == identity.root_sha256
    assert again.spki_pin != identity.spki_pin
    assert "pin" in again.warnings[0]


def remove(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def garble(path: Path) -> None:
    path.write_bytes(bytes(reversed(path.read_bytes())))


@pytest.mark.usefixtures("identity")
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [remove, truncate, garble])
def test_refuses_a_damaged_file_by_name_and_changes_nothing(
    data: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(data / name)
    before = snapshot(data)
    faults = faults_of(data)
    assert f"{data / name}: {'is missing' if damage is remove else 'holds no'}" in faults
    assert "nothing was changed" in faults
    assert snapshot(data) == before


@pytest.mark.usefixtures("identity")
@pytest.mark.parametrize("name", FILES)
def test_refuses_a_file_of_another_authority_and_changes_nothing(data: Path, other: Path, name: str) -> None:
    shutil.copy(other / name, data / name)
    before = snapshot(data)
    assert Path(name).name in faults_of(data)
    assert snapshot(data) == before


@pytest.mark.usefixtures("identity")
def test_refuses_a_leaf_of_another_authority(data: Path, other: Path) -> None:
    shutil.copytree(other / "tls", data / "tls", dirs_exist_ok=True)
    assert f"{data / 'tls/chain.pem'}: was not issued by" in faults_of(data)


@pytest.mark.usefixtures("identity")
def test_names_every_damaged_file_at_once(data: Path) -> None:
    for name in FILES:
        garble(data / name)
    assert all(f"{data / name}:" in faults_of(data) for name in FILES)


@pytest.mark.usefixtures("identity")
def test_a_lost_authority_is_never_replaced(data: Path) -> None:
    shutil.rmtree(data / "ca")
    faults = faults_of(data)
    assert all(f"{data / name}: is missing" in faults for name in FILES[:3])
    assert not (data / "ca").exists()


@pytest.mark.usefixtures("identity")
def test_a_damaged_authority_gets_no_new_leaf(data: Path, other: Path) -> None:
    shutil.rmtree(data / "tls")
    shutil.copy(other / "ca/root.pem", data / "ca/root.pem")
    assert "was not issued by root.pem" in faults_of(data)
    assert not (data / "tls").exists()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_publishes_the_pair_for_one_group_and_the_root_for_all(tmp_path: Path, identity: Identity) -> None:
    run, group = tmp_path / "run" / "homedot", os.getegid()
    publish(identity, run, group)
    assert (run / "tls/pair.pem").read_bytes() == identity.pair_pem
    assert (run / "public/root.pem").read_bytes() == identity.root_pem
    paths = (run, run / "tls", run / "public", run / "tls/pair.pem", run / "public/root.pem")
    assert [mode_of(path) for path in paths] == [0o755, 0o750, 0o755, 0o640, 0o644]


@pytest.mark.server
def test_the_group_of_the_front_door_gets_the_pair_and_its_folder_only(tmp_path: Path, identity: Identity) -> None:
    group = os.getegid() + 4321
    publish(identity, tmp_path, None)
    publish(identity, tmp_path, group)
    paths = [tmp_path / name for name in ("tls", "tls/pair.pem", "public", "public/root.pem")]
    assert [path.stat().st_gid == group for path in paths] == [True, True, False, False]


def test_publishes_the_pair_for_us_alone_without_a_group(tmp_path: Path, identity: Identity) -> None:
    publish(identity, tmp_path, None)
    assert [mode_of(tmp_path / name) for name in ("tls", "tls/pair.pem")] == [0o700, 0o600]


def test_publishing_again_changes_nothing(tmp_path: Path, identity: Identity) -> None:
    publish(identity, tmp_path / "run", os.getegid())
    before = snapshot(tmp_path / "run")
    publish(identity, tmp_path / "run", os.getegid())
    assert snapshot(tmp_path / "run") == before


def test_publishing_mends_modes_that_are_too_open(tmp_path: Path, identity: Identity) -> None:
    publish(identity, tmp_path / "run", None)
    (tmp_path / "run/tls").chmod(0o777)
    (tmp_path / "run/tls/pair.pem").chmod(0o666)
    publish(identity, tmp_path / "run", None)
    assert [mode_of(tmp_path / "run" / name) for name in ("tls", "tls/pair.pem")] == [0o700, 0o600]


def test_publishing_a_certificate_of_the_users_own_takes_our_root_away(tmp_path: Path, identity: Identity) -> None:
    publish(identity, tmp_path / "run", None)
    own = Identity(pair_pem=b"pair", chain_pem=identity.chain_pem, root_pem=None, warnings=())
    publish(own, tmp_path / "run", None)
    assert own.root_sha256 is None
    assert (tmp_path / "run/tls/pair.pem").read_bytes() == b"pair"
    assert not (tmp_path / "run/public/root.pem").exists()


def test_publishing_where_nothing_can_be_written_is_the_operators_fault(
    tmp_path: Path, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(monkeypatch, 1, errno.EROFS)
    with pytest.raises(OperatorError, match="the volume is read-only"):
        publish(identity, tmp_path / "run", None)
