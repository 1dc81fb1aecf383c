"""A start that a full disk or a kill interrupts, at every single step."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import OperatorError
from app.trust.store import Identity, ensure_own
from tests.trust.cut_off import HOSTNAME, NEW, OLD
from tests.trust.disks import FILES, fail_at, snapshot
from tests.trust.minting import NOW


@pytest.mark.parametrize("renewal", [False, True])
def test_a_disk_that_fails_at_any_step_leaves_what_the_next_start_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renewal: bool
) -> None:
    failures = 0
    for number in range(1, 100):
        folder = tmp_path / str(number)
        old = ensure_own(folder, HOSTNAME, OLD, NOW) if renewal else None
        with monkeypatch.context() as patch:
            fail_at(patch, number, errno.ENOSPC)
            try:
                ensure_own(folder, HOSTNAME, NEW, NOW)
                break
            except OperatorError as error:
                failures += 1
                assert "the disk is full" in str(error)  # noqa: PT017 - the last round does not raise
        check_left_behind(folder, old)
    assert failures >= (5 if renewal else 30)


def check_left_behind(folder: Path, old: Identity | None) -> None:
    """Whatever has a name is whole, is kept by the next start, and no rubbish stays."""
    left = snapshot(folder)
    again = ensure_own(folder, HOSTNAME, NEW, NOW)
    after = snapshot(folder)
    kept = set(FILES[:4]) & set(left)
    assert all(left[name] == after[name] for name in kept)
    assert set(after) == {"ca", "tls", *FILES}
    if old:
        assert (again.root_sha256, again.spki_pin) == (old.root_sha256, old.spki_pin)
        assert left["tls/chain.pem"][0] in {old.chain_pem, again.chain_pem}


def test_a_start_that_is_killed_at_any_step_leaves_what_the_next_start_needs(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-m", "tests.trust.cut_off", tmp_path], cwd=root, check=True)
    old = ensure_own(tmp_path / "before", HOSTNAME, OLD, NOW)
    first, renewal = (list((tmp_path / scenario).iterdir()) for scenario in ("first", "renewal"))
    states = {tuple(sorted(path.name for path in folder.iterdir())) for folder in first}
    assert states >= {(), ("ca.new",), ("ca",), ("ca", "tls.new"), ("ca", "tls")}
    assert len({(folder / "tls/chain.pem").read_bytes() for folder in renewal}) == 2
    for folder in first:
        check_left_behind(folder, None)
    for folder in renewal:
        check_left_behind(folder, old)
