"""The token on the volume: made once, for the setup page alone."""

import errno
import os
from pathlib import Path

import pytest

from app.config.load import load
from app.config.settings import Settings
from app.onboarding.token import is_token
from app.programs import paths, pause_token


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"HOMEDOT_DATA_DIR": str(tmp_path)}).settings


def test_is_made_once_and_nobody_else_may_read_it(settings: Settings) -> None:
    assert pause_token.ensure(settings) == ()
    made = pause_token.read(settings)
    assert made is not None
    assert is_token(made)
    assert pause_token.ensure(settings) == ()
    assert pause_token.read(settings) == made
    path = paths.token(settings)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 16, b"k7wm-3xqa-p5tn-2d6e-more\n"])
def test_what_is_no_token_is_told_and_replaced_on_demand(settings: Settings, content: bytes) -> None:
    pause_token.ensure(settings)
    paths.token(settings).write_bytes(content)
    assert pause_token.read(settings) is None
    (warning,) = pause_token.ensure(settings)
    assert "`homedot token new`" in warning
    assert paths.token(settings).read_bytes() == content
    pause_token.renew(settings)
    assert pause_token.ensure(settings) == ()
    assert is_token(pause_token.read(settings) or "")


def test_one_that_cannot_be_read_is_left_alone_and_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    pause_token.ensure(settings)
    path = paths.token(settings)
    path.chmod(0o644)
    before = path.read_bytes()

    def refuse(refused: Path, _: int) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(refused))

    with monkeypatch.context() as patch:
        patch.setattr(pause_token, "read_regular", refuse)
        (warning,) = pause_token.ensure(settings)
    assert f"{path}: uid {os.geteuid()} may not use it" in warning
    assert path.read_bytes() == before


def test_others_lose_what_they_could_read(settings: Settings) -> None:
    pause_token.ensure(settings)
    path = paths.token(settings)
    path.chmod(0o644)
    path.parent.chmod(0o755)
    pause_token.ensure(settings)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_volume_that_takes_none_is_a_warning(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "web").write_text("in the way")
    (warning,) = pause_token.ensure(settings)
    assert warning.startswith(f"blocking cannot be paused from the setup page: {tmp_path}/web")
    assert pause_token.read(settings) is None
