import errno
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from app import __version__
from app.errors import OperatorError
from app.trust import version
from app.trust.constraints import Names
from app.trust.store import ensure_own, new_authority, new_key
from tests.trust.cut_off import HOSTNAME, OLD
from tests.trust.disks import fail_at, snapshot
from tests.trust.minting import NOW

OURS = {"version": version.VERSION, "written_by": __version__}


def write(data: Path, tree: object) -> Path:
    path = data / "version.json"
    path.write_text(json.dumps(tree))
    return path


def written(data: Path) -> object:
    return json.loads((data / "version.json").read_text())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A volume with an authority, as every start leaves it."""
    ensure_own(tmp_path / "data", Names(HOSTNAME, OLD), NOW)
    return tmp_path / "data"


def test_every_start_says_of_which_version_the_volume_is_and_who_wrote_it(data: Path) -> None:
    assert written(data) == OURS


def test_a_volume_from_before_there_were_versions_is_used_and_gets_one(data: Path) -> None:
    (data / "version.json").unlink()
    before = snapshot(data)
    ensure_own(data, Names(HOSTNAME, OLD), NOW)
    after = snapshot(data)
    assert after.pop("version.json")
    assert after == before


def test_a_volume_of_another_program_of_the_same_version_is_used_whatever_else_it_says(data: Path) -> None:
    write(data, OURS | {"written_by": "9.9.9", "colour": "red"})
    ensure_own(data, Names(HOSTNAME, OLD), NOW)
    assert written(data) == OURS


@pytest.mark.parametrize("work", [ensure_own, new_authority, new_key])
def test_a_volume_that_only_a_later_program_can_use_is_refused_with_the_next_step_and_left_as_it_is(
    data: Path, work: Callable[..., object]
) -> None:
    write(data, {"version": version.VERSION + 1, "written_by": "0.3.0"})
    (data / "unfinished").mkdir()
    (data / "next.x").mkdir()
    before = snapshot(data)
    with pytest.raises(OperatorError) as caught:
        work(data, Names(HOSTNAME, OLD), NOW)
    told = str(caught.value)
    assert told.startswith(f"{data}/version.json: the volume is of version {version.VERSION + 1}, and Homedot")
    assert "start Homedot 0.3.0 again, which wrote it, or restore a backup from before it" in told
    assert snapshot(data) == before


def test_no_authority_is_made_where_a_later_program_keeps_it_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, {"version": version.VERSION + 1, "written_by": "0.3.0"})
    before = snapshot(tmp_path)
    with pytest.raises(OperatorError):
        ensure_own(tmp_path, Names(HOSTNAME, OLD), NOW)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", [None, 3, "\x1b[31m", "", "x" * 41])
def test_the_name_of_the_later_program_is_repeated_only_if_it_is_one(tmp_path: Path, name: object) -> None:
    write(tmp_path, {"version": version.VERSION + 1, "written_by": name})
    with pytest.raises(OperatorError, match="start the later Homedot again, which wrote it"):
        version.refuse_later(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "junk", "[]", "2", '{"version": "2"}', '{"version": true}', '{"version": 2.5}', "[" * 100_000, "\xff"]
)
def test_what_is_no_version_stops_nobody_and_is_written_anew(data: Path, text: str) -> None:
    (data / "version.json").write_text(text, encoding="latin-1")
    ensure_own(data, Names(HOSTNAME, OLD), NOW)
    assert written(data) == OURS


def test_a_folder_in_its_place_stops_nobody_and_is_told(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    (data / "version.json").unlink()
    (data / "version.json").mkdir()
    with caplog.at_level(logging.WARNING):
        ensure_own(data, Names(HOSTNAME, OLD), NOW)
    assert f"{data}/version.json: cannot be read" in caplog.text


def test_a_volume_that_takes_no_note_is_used_all_the_same(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "version.json").unlink()
    before = snapshot(data)
    fail_at(monkeypatch, 1, errno.EROFS)
    assert ensure_own(data, Names(HOSTNAME, OLD), NOW).warnings == ()
    assert snapshot(data) == before


def test_a_volume_that_is_refused_for_its_authority_gets_no_version(data: Path) -> None:
    (data / "version.json").unlink()
    (data / "ca/root.pem").unlink()
    with pytest.raises(OperatorError):
        ensure_own(data, Names(HOSTNAME, OLD), NOW)
    assert not (data / "version.json").exists()
