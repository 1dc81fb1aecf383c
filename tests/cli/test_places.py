from pathlib import Path

import pytest

from app.cli import places
from app.errors import OperatorError
from app.settings import Settings


def test_secrets_and_public_files_lie_apart(tmp_path: Path) -> None:
    settings = Settings(run_dir=tmp_path)
    assert places.pair(settings).parent != places.enrolment(settings).parent


def test_a_signed_profile_is_found_by_what_it_holds(tmp_path: Path) -> None:
    settings = Settings(run_dir=tmp_path)
    path = places.signed_profile(settings, b"profile")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"signed")
    assert places.read_signed(settings, b"profile") == b"signed"
    assert places.read_signed(settings, b"another") == b"another"


def test_an_unreadable_enrolment_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"public/enrolment\.json: No such file"):
        places.read_enrolment(Settings(run_dir=tmp_path))
