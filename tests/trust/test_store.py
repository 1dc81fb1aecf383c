import errno
import os
import shutil
import stat
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from app.errors import OperatorError
from app.trust import pem
from app.trust.constraints import Names
from app.trust.store import Identity, ensure_own, holds_nothing, new_authority
from tests.trust.cut_off import HOSTNAME, NEW, OLD
from tests.trust.disks import FILES, fail_at, snapshot
from tests.trust.minting import NOW

MID_LIFE = NOW + timedelta(days=130)


def faults_of(folder: Path) -> str:
    with pytest.raises(OperatorError) as caught:
        ensure_own(folder, Names(HOSTNAME, OLD), NOW)
    return str(caught.value)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def identity(data: Path) -> Identity:
    return ensure_own(data, Names(HOSTNAME, OLD), NOW)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    ensure_own(tmp_path / "other", Names(HOSTNAME, OLD), NOW)
    return tmp_path / "other"


@pytest.mark.usefixtures("identity")
def test_makes_the_files_for_the_owner_alone(data: Path) -> None:
    modes = {name: stat.S_IMODE(entry[1]) for name, entry in snapshot(data).items()}
    assert modes == {"ca": 0o700, "tls": 0o700, "version.json": 0o644} | dict.fromkeys(FILES, 0o600)


def test_the_roots_private_key_is_nowhere(data: Path, identity: Identity) -> None:
    root = x509.load_pem_x509_certificate(identity.root_pem or b"")
    keys = [content for content, *_ in snapshot(data).values() if b"PRIVATE KEY" in content]
    assert len(keys) == 2
    assert all(pem.private_key(key).public_key() != root.public_key() for key in keys)


def test_a_second_start_changes_nothing(data: Path, identity: Identity) -> None:
    before = snapshot(data)
    assert ensure_own(data, Names(HOSTNAME, OLD), NOW + timedelta(days=30)) == identity
    assert snapshot(data) == before


def test_a_second_start_needs_no_permission_to_write(
    data: Path, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(monkeypatch, 1, errno.EROFS)
    assert ensure_own(data, Names(HOSTNAME, OLD), NOW) == identity


def test_the_pair_is_the_key_and_the_chain(data: Path, identity: Identity) -> None:
    assert identity.pair_pem == (data / "tls/leaf.key").read_bytes() + (data / "tls/chain.pem").read_bytes()
    assert identity.root_pem == (data / "ca/root.pem").read_bytes()
    assert identity.not_after == NOW + timedelta(days=179)
    assert identity.warnings == ()


def test_an_identity_does_not_show_its_key(identity: Identity) -> None:
    assert "PRIVATE" not in repr(identity)


@pytest.mark.parametrize(("addresses", "now"), [(NEW, NOW), (OLD, MID_LIFE)])
def test_renews_the_chain_in_place_and_nothing_else(data: Path, identity: Identity, addresses: Any, now: Any) -> None:
    before = snapshot(data)
    renewed = ensure_own(data, Names(HOSTNAME, addresses), now)
    after = snapshot(data)
    assert {name for name in FILES if before[name] != after[name]} == {"tls/chain.pem"}
    assert after["tls/chain.pem"][1] == before["tls/chain.pem"][1]
    assert renewed.chain_pem != identity.chain_pem
    assert (renewed.spki_pin, renewed.root_sha256) == (identity.spki_pin, identity.root_sha256)


@pytest.mark.usefixtures("identity")
def test_a_hostname_the_authority_may_not_certify_is_refused_and_nothing_changed(data: Path) -> None:
    before = snapshot(data)
    with pytest.raises(OperatorError, match="`homedot ca new`"):
        ensure_own(data, Names("dns.example.com", OLD), NOW)
    assert snapshot(data) == before


def test_warns_when_the_clock_is_before_the_certificate(data: Path, identity: Identity) -> None:
    again = ensure_own(data, Names(HOSTNAME, OLD), NOW - timedelta(days=400))
    assert again.chain_pem == identity.chain_pem
    (warning,) = again.warnings
    assert "the authority starts on 2026-05-31, and today is 2025-04-27: if that is wrong, set the clock" in warning
    assert "if it is right, the clock was ahead when the authority was made: `homedot ca new`" in warning


@pytest.mark.usefixtures("identity")
def test_warns_when_the_authority_is_about_to_end(data: Path) -> None:
    late = ensure_own(data, Names(HOSTNAME, OLD), NOW + timedelta(days=3600))
    assert "the authority ends on 2036-05-28" in late.warnings[0]


@pytest.mark.parametrize("addresses", [OLD, NEW])
def test_serves_on_what_it_has_when_the_authority_has_ended_or_the_clock_says_so(
    data: Path, identity: Identity, addresses: Any
) -> None:
    far = ensure_own(data, Names(HOSTNAME, addresses), NOW + timedelta(days=5000))
    assert far.chain_pem == identity.chain_pem
    (warning,) = far.warnings
    assert "the authority ended on 2036-05-28, and today is 2040-02-08: if that is wrong, set the clock" in warning
    assert "if it is right, `homedot ca new`" in warning


def test_empty_folders_count_as_nothing(data: Path) -> None:
    for folder in ("ca", "tls"):
        (data / folder).mkdir(parents=True)
    assert ensure_own(data, Names(HOSTNAME, OLD), NOW).warnings == ()


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


STATES = ("good", "missing", "corrupt", "of another")


@pytest.mark.usefixtures("identity")
@pytest.mark.parametrize("states", [states for states in product(STATES, repeat=5) if len({*states}) <= 2])
def test_every_mixture_of_files_is_refused_with_names_and_nothing_is_changed(
    data: Path, other: Path, states: tuple[str, ...]
) -> None:
    for name, state in zip(FILES, states, strict=True):
        if state == "missing":
            (data / name).unlink()
        elif state == "corrupt":
            (data / name).write_bytes(b"garbage")
        elif state == "of another":
            shutil.copy(other / name, data / name)
    for folder in (data / "ca", data / "tls"):
        if not any(folder.iterdir()):
            folder.rmdir()
    before = snapshot(data)
    if {*states} in ({"good"}, {"of another"}):
        ensure_own(data, Names(HOSTNAME, OLD), NOW)
        return
    told = faults_of(data)
    for name, state in zip(FILES, states, strict=True):
        if state in ("missing", "corrupt") and {*states} != {"missing"}:
            assert f"{data / name}: {'is missing' if state == 'missing' else 'holds no'}" in told
    assert "nothing was changed" in told
    assert "`homedot ca new`" in told
    assert snapshot(data) == before


@pytest.mark.usefixtures("identity")
@pytest.mark.parametrize(
    ("name", "mode", "sentence"),
    [
        ("ca/intermediate.key", 0o640, "run `chmod 600 {}`, and if somebody may have read it, `homedot ca new`"),
        ("tls/leaf.key", 0o604, "run `chmod 600 {}`, and if somebody may have read it, `homedot key new`"),
        ("ca", 0o770, "other users may change it (mode 0770): run `chmod go-w {}`"),
        ("tls/chain.pem", 0o666, "other users may change it (mode 0666): run `chmod go-w {}`"),
    ],
)
def test_refuses_what_others_may_read_or_change(data: Path, name: str, mode: int, sentence: str) -> None:
    (data / name).chmod(mode)
    before = snapshot(data)
    assert sentence.format(data / name) in faults_of(data)
    assert snapshot(data) == before


@pytest.mark.server
@pytest.mark.usefixtures("identity")
@pytest.mark.parametrize("name", ["ca", "tls", *FILES])
def test_refuses_what_belongs_to_somebody_else(data: Path, name: str) -> None:
    os.chown(data / name, 65534, -1)
    uid = os.geteuid()
    assert f"{data / name}: belongs to uid 65534 and must belong to uid {uid}" in faults_of(data)
    assert f"run `chown {uid} {data / name}`" in faults_of(data)


def test_nothing_is_made_before_the_clock_is_set(data: Path) -> None:
    with pytest.raises(OperatorError, match="the clock of this machine is not set"):
        ensure_own(data, Names(HOSTNAME, OLD), None)
    assert snapshot(data) == {}


def test_nothing_is_renewed_or_judged_before_the_clock_is_set(data: Path, identity: Identity) -> None:
    before = snapshot(data)
    assert ensure_own(data, Names(HOSTNAME, NEW), None) == identity
    assert snapshot(data) == before


@pytest.mark.usefixtures("identity")
def test_a_damaged_volume_is_refused_also_before_the_clock_is_set(data: Path) -> None:
    (data / "tls/leaf.key").unlink()
    with pytest.raises(OperatorError, match=r"tls/leaf\.key: is missing"):
        ensure_own(data, Names(HOSTNAME, OLD), None)


def test_a_decided_change_is_completed_and_is_no_first_start(data: Path, identity: Identity) -> None:
    (data / "next.x").mkdir()
    for folder in ("ca", "tls"):
        (data / folder).rename(data / "next.x" / folder)
    assert not holds_nothing(data)
    assert ensure_own(data, Names(HOSTNAME, OLD), NOW) == identity


def lose_authority(data: Path) -> None:
    for name in ("ca", "tls"):
        shutil.rmtree(data / name)


@pytest.mark.usefixtures("identity")
@pytest.mark.parametrize("trace", ["version.json", "old.20260601T120000Z-ab12cd34"])
def test_an_authority_that_was_lost_is_told_and_not_replaced(data: Path, trace: str) -> None:
    """A backup by a user who may not read closed folders has everything else."""
    lose_authority(data)
    (data / "version.json").unlink()
    (data / trace).touch()
    with pytest.raises(OperatorError, match=f"ca and tls are missing, but {trace} beside them"):
        ensure_own(data, Names(HOSTNAME, OLD), NOW)
    assert not (data / "ca").exists()
    new_authority(data, Names(HOSTNAME, OLD), NOW)
    assert ensure_own(data, Names(HOSTNAME, OLD), NOW).warnings == ()


@pytest.mark.usefixtures("identity")
def test_what_devices_were_told_is_a_trace_too(data: Path) -> None:
    lose_authority(data)
    (data / "version.json").unlink()
    with pytest.raises(OperatorError, match=r"but enrolment\.json beside them"):
        ensure_own(data, Names(HOSTNAME, OLD), NOW, told_of=data / "enrolment.json")
    ensure_own(data, Names(HOSTNAME, OLD), NOW)
