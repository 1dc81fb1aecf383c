import errno
import os
import stat
from pathlib import Path

import pytest

from app.errors import OperatorError
from app.trust.constraints import Names
from app.trust.pem import Pem
from app.trust.publish import publish
from app.trust.store import Identity, ensure_own
from tests.trust.cut_off import HOSTNAME, OLD
from tests.trust.disks import fail_at, snapshot
from tests.trust.minting import NOW


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return ensure_own(tmp_path / "data", Names(HOSTNAME, OLD), NOW)


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
    own = Identity(pair_pem=Pem(b"pair"), chain_pem=identity.chain_pem, root_pem=None, warnings=())
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
