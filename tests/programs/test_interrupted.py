"""Killed at any step on the disk: the next start finds the old state or the new one, whole, and goes on with it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli.ca import ca_new
from app.cli.key import key_new
from app.errors import OperatorError
from app.onboarding.enrolment import Enrolment
from app.programs import bootstrap, paths
from app.trust import pem, version, volume
from app.unbound import checkconf
from tests.programs.interruptions import NEW, OLD, settings_in
from tests.trust.disks import FILES

pytestmark = pytest.mark.server

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def unbound_conf_is_not_what_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkconf, "check", lambda *_: None)


def interrupted(scenario: str, target: Path) -> list[Path]:
    command = [sys.executable, "-m", "tests.programs.interruptions", scenario, str(target)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    return sorted((path for path in target.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))


def start(folder: Path, address: str) -> Enrolment:
    """Start there, and check that everything fits together and nothing unfinished is left."""
    settings = settings_in(folder, address)
    bootstrap.run(settings)
    data = folder / "data"
    assert not [path.name for path in data.iterdir() if path.name.startswith(("unfinished", "next"))]
    enrolment = paths.read_enrolment(settings)
    assert enrolment.root_pem == (data / "ca/root.pem").read_text()
    key, chain = ((data / name).read_bytes() for name in ("tls/leaf.key", "tls/chain.pem"))
    assert paths.pair(settings).read_bytes() == key + chain
    assert pem.private_key(key).public_key() == pem.certificates(chain)[0].public_key()
    return enrolment


def contents(folder: Path) -> dict[str, bytes]:
    return {name: path.read_bytes() for name in FILES if (path := folder / "data" / name).exists()}


def test_a_first_start_that_is_killed_has_made_nothing_or_all(tmp_path: Path) -> None:
    left = interrupted("first", tmp_path)
    assert len(left) > 60
    decided = 0
    for folder in left:
        before = contents(folder)
        was_decided = any((folder / "data").glob("next.*")) or bool(before)
        decided += was_decided
        root = next((folder / "data").glob("*/ca/root.pem"), folder / "data/ca/root.pem")
        known = root.read_text() if was_decided else None
        enrolment = start(folder, OLD)
        assert before.items() <= contents(folder).items()
        assert known in (None, enrolment.root_pem)
    assert 20 < decided < len(left) - 20


@pytest.mark.parametrize("scenario", ["restart", "renewal"])
def test_a_renewal_that_is_killed_keeps_root_and_pin_and_says_scan_again(tmp_path: Path, scenario: str) -> None:
    left = interrupted(scenario, tmp_path)
    old = paths.read_enrolment(settings_in(tmp_path / "before", OLD))
    chains = set()
    assert len(left) > 20
    for folder in left:
        chains.add((folder / "data/tls/chain.pem").read_bytes())
        enrolment = start(folder, NEW)
        assert (enrolment.root_pem, enrolment.spki_pin) == (old.root_pem, old.spki_pin)
        assert enrolment.moved_on is not None
    assert (tmp_path / "before/data/tls/chain.pem").read_bytes() in chains
    assert len(chains) > 1


def test_an_update_that_is_killed_changes_nothing_that_was_there_and_the_next_start_completes_it(
    tmp_path: Path,
) -> None:
    left = interrupted("update", tmp_path)
    before = {path.name: path.read_bytes() for path in (tmp_path / "before/data").glob("*/*")}
    assert len(left) > 5
    for folder in left:
        assert before.items() <= {path.name: path.read_bytes() for path in (folder / "data").glob("*/*")}.items()
        start(folder, OLD)
        assert json.loads((folder / "data/version.json").read_text())["version"] == version.VERSION
        assert not list((folder / "data").glob(".*"))


@pytest.mark.parametrize("scenario", ["ca new", "key new"])
def test_a_replacement_that_is_killed_has_not_begun_or_is_completed(tmp_path: Path, scenario: str) -> None:
    left = interrupted(scenario, tmp_path)
    before = contents(tmp_path / "before")
    replaced = {name for name in FILES if scenario == "ca new" or name.startswith("tls")}
    completed = 0
    assert len(left) > 20
    for folder in left:
        start(folder, OLD)
        after = contents(folder)
        assert set(after) == set(FILES)
        changed = {name for name in FILES if after[name] != before[name]}
        assert changed in (set(), replaced)
        if changed:
            completed += 1
            (aside,) = (folder / "data").glob("old.*")
            assert {name: (aside / name).read_bytes() for name in replaced} == {n: before[n] for n in replaced}
    assert 5 < completed < len(left)


@pytest.mark.parametrize("command", [ca_new, key_new])
def test_a_replacement_beside_another_writer_says_try_again(tmp_path: Path, command: Callable[..., int]) -> None:
    start(tmp_path, OLD)
    with (
        volume.sole_writer(tmp_path / "data"),
        pytest.raises(OperatorError, match="another Homedot is changing it"),
    ):
        command(settings_in(tmp_path, OLD), yes=True)
