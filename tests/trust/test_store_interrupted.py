"""A disk that fails at every single step. What a kill leaves behind is in tests/cli/test_interrupted.py."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import OperatorError
from app.trust.authority import NAMES_CHANGED
from app.trust.constraints import Names
from app.trust.disk import FULL
from app.trust.store import ensure_own, new_authority, new_key
from tests.trust.cut_off import HOSTNAME, NEW, OLD
from tests.trust.disks import FILES, fail_at, snapshot
from tests.trust.minting import NOW


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_first_start_on_a_disk_that_fails_at_any_step_leaves_what_the_next_start_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    sentence = {errno.ENOSPC: "the disk is full", errno.EROFS: "the volume is read-only"}[code]
    failures = 0
    for number in range(1, 100):
        folder = tmp_path / str(number)
        with monkeypatch.context() as patch:
            fail_at(patch, number, code)
            try:
                ensure_own(folder, Names(HOSTNAME, NEW), NOW)
                break
            except OperatorError as error:
                failures += 1
                assert sentence in str(error)  # noqa: PT017 - the last round does not raise
        left = snapshot(folder)
        ensure_own(folder, Names(HOSTNAME, NEW), NOW)
        after = snapshot(folder)
        assert all(left[name] == after[name] for name in set(FILES) & set(left))
        assert set(after) == {"ca", "tls", "version.json", *FILES}
    assert failures >= 30


def test_a_renewal_on_a_disk_that_fails_at_any_step_is_a_warning_and_the_old_certificate_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = 0
    for number in range(1, 100):
        folder = tmp_path / str(number)
        old = ensure_own(folder, Names(HOSTNAME, OLD), NOW)
        with monkeypatch.context() as patch:
            fail_at(patch, number, errno.ENOSPC)
            served = ensure_own(folder, Names(HOSTNAME, NEW), NOW)
        if not served.warnings:
            break
        failures += 1
        assert served.pair_pem == old.pair_pem
        assert FULL in served.warnings[0]
        assert f"Still serving the previous certificate, but {NAMES_CHANGED} (+192.168.1.20" in served.warnings[0]
        again = ensure_own(folder, Names(HOSTNAME, NEW), NOW)
        assert (again.root_sha256, again.spki_pin, again.warnings) == (old.root_sha256, old.spki_pin, ())
        assert again.chain_pem != old.chain_pem
        assert set(snapshot(folder)) == {"ca", "tls", "version.json", *FILES}
    assert failures >= 4


@pytest.mark.parametrize("make", [new_authority, new_key])
def test_a_replacement_on_a_disk_that_fails_at_any_step_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[..., object]
) -> None:
    failures = 0
    for number in range(1, 100):
        folder = tmp_path / str(number)
        old = ensure_own(folder, Names(HOSTNAME, OLD), NOW)
        kept = {name: (folder / name).read_bytes() for name in FILES}
        with monkeypatch.context() as patch:
            fail_at(patch, number, errno.ENOSPC)
            try:
                make(folder, Names(HOSTNAME, OLD), NOW)
                break
            except OperatorError:
                failures += 1
        again = ensure_own(folder, Names(HOSTNAME, OLD), NOW)
        asides = [*folder.glob("old.*")]
        assert (again.spki_pin == old.spki_pin) == (not asides)
        for name, content in kept.items():
            assert content in [path.read_bytes() for path in (folder / name, *(aside / name for aside in asides))
                               if path.exists()]  # fmt: skip
    assert failures >= 10
