from pathlib import Path

import pytest

from app.config.settings import Settings
from app.errors import OperatorError
from app.programs import paths


def test_secrets_and_public_files_lie_apart(tmp_path: Path) -> None:
    settings = Settings(run_dir=tmp_path)
    assert paths.pair(settings).parent != paths.enrolment(settings).parent


def test_a_signed_profile_is_found_by_what_it_holds(tmp_path: Path) -> None:
    settings = Settings(run_dir=tmp_path)
    path = paths.signed_profile(settings, b"profile")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"signed")
    assert paths.read_signed(settings, b"profile") == b"signed"
    assert paths.read_signed(settings, b"another") == b"another"


def test_an_unreadable_enrolment_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"public/enrolment\.json: No such file"):
        paths.read_enrolment(Settings(run_dir=tmp_path))
