"""What lets somebody sign in, in files: each way is taken once, in time, by one process."""

import logging
import re
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.host.wall_clock import since_boot_s
from app.programs import paths, pause_token, sign_in_files, users
from app.programs.sign_in_files import CODE_S, FIRST_S, SignInDoors, new_code, prepare


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(users, "find", lambda _: None)
    return Settings(data_dir=tmp_path / "data", run_dir=tmp_path / "run")


def started(settings: Settings, caplog: pytest.LogCaptureFixture, *, is_first: bool = False) -> str:
    """The code that the log shows."""
    settings.data_dir.mkdir(exist_ok=True)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert prepare(settings, is_first=is_first) == ()
    (code,) = re.findall(r"code ([a-z2-9-]{11}), once and within 15 minutes", caplog.text)
    return str(code)


def test_the_code_of_this_start_is_good_once(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    old, code = started(settings, caplog), started(settings, caplog)
    doors = SignInDoors(settings)
    assert not doors.take_code(old)
    assert not doors.take_code("")
    assert not doors.take_code("é" * 11)
    assert doors.take_code(code.upper().replace("-", " "))
    assert not doors.take_code(code)
    assert not SignInDoors(settings).take_code(code)


def test_a_code_is_too_old_after_a_quarter_of_an_hour(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    code = started(settings, caplog)
    assert not SignInDoors(settings, lambda: since_boot_s() + CODE_S).take_code(code)
    assert SignInDoors(settings, lambda: since_boot_s() + CODE_S - 60).take_code(code)


def test_the_first_owner_is_one_and_within_ten_minutes_of_the_very_first_start(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    started(settings, caplog, is_first=True)
    assert not SignInDoors(settings, lambda: since_boot_s() + FIRST_S).take_first()
    assert SignInDoors(settings).take_first()
    assert not SignInDoors(settings).take_first()
    started(settings, caplog, is_first=True)  # the token was there before: this start is not the very first
    assert not SignInDoors(settings).take_first()


def test_a_restart_within_the_ten_minutes_opens_nothing_again(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    started(settings, caplog, is_first=True)
    started(settings, caplog, is_first=False)
    assert not SignInDoors(settings).take_first()


def test_a_volume_that_has_told_devices_before_has_an_owner(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    started(settings, caplog, is_first=False)
    assert not SignInDoors(settings).take_first()


def test_the_files_are_for_the_page_alone_and_the_token_is_never_in_the_log(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    started(settings, caplog, is_first=True)
    for path in (paths.sign_in_code(settings), paths.first_start(settings)):
        assert path.stat().st_mode & 0o777 == 0o600
    assert paths.sign_in_code(settings).parent.stat().st_mode & 0o777 == 0o700
    token = pause_token.read(settings)
    assert token is not None
    assert token not in caplog.text
    assert SignInDoors(settings).token() == token


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"code": 7, "until_s": 9e9}', '{"code": "x", "until_s": "9"}'])
def test_a_damaged_file_lets_nobody_in(settings: Settings, content: str) -> None:
    paths.sign_in_code(settings).parent.mkdir(parents=True)
    paths.sign_in_code(settings).write_text(content)
    assert not SignInDoors(settings).take_code("x")


def test_codes_differ_and_can_be_read_aloud() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch("[a-z2-9]{5}-[a-z2-9]{5}", code) for code in codes)
    assert not set("".join(codes)) & set("il1o0")


def test_a_folder_that_cannot_be_made_is_told_and_stops_nothing(settings: Settings) -> None:
    settings.data_dir.mkdir()
    settings.run_dir.write_text("a file")
    assert any("there is no code for signing in" in warning for warning in prepare(settings, is_first=True))
    assert sign_in_files.SignInDoors(settings).take_first() is False
