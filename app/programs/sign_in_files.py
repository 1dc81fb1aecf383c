"""What lets somebody sign in: the token on the volume, and two files of each start, which the page removes when used.

To take is to remove: of two who try, the folder lets one succeed, and a page that is started anew finds nothing.
"""

import json
import logging
import secrets
from collections.abc import Callable
from hmac import compare_digest
from pathlib import Path

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import keep_folder, read_regular, write_atomically
from app.host.wall_clock import since_boot_s
from app.trust import disk

from . import paths, pause_token, users

CODE_S, FIRST_S = 15 * 60, 10 * 60
log = logging.getLogger("homedot")

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look like others."""
_CODE_LETTERS = 10
_MOST_OCTETS = 1024


def prepare(settings: Settings, *, is_first: bool) -> tuple[str, ...]:
    """For this start: the token, if it is missing, and a new code. `is_first` if no device was ever told of this box.

    Returns warnings, and logs the code.
    """
    is_first = is_first and not paths.token(settings).exists()
    warnings = pause_token.ensure(settings)
    gid, folder = users.group_id(users.WEB), paths.sign_in_code(settings).parent
    code = new_code()
    try:
        with disk.write_faults(folder):
            keep_folder(folder, 0o700 if gid is None else 0o770, gid)
            _leave(paths.sign_in_code(settings), code, CODE_S, gid)
            paths.first_start(settings).unlink(missing_ok=True)
            if is_first:
                _leave(paths.first_start(settings), "", FIRST_S, gid)
    except OperatorError as error:
        return *warnings, *(f"there is no code for signing in: {fault}" for fault in error.faults)
    log.info("to sign in on the setup page: code %s, once and within %d minutes", code, CODE_S // 60)
    return warnings


def new_code() -> str:
    """Ten letters and digits, like `k7wm3-xqap5`: 49 bits."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS))
    return f"{letters[:5]}-{letters[5:]}"


class SignInDoors:
    """As `onboarding.sign_in` wants it. `clock` gives seconds since the machine was switched on."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = since_boot_s) -> None:
        self._settings = settings
        self._clock = clock

    def token(self) -> str | None:
        return pause_token.read(self._settings)

    def take_code(self, typed: str) -> bool:
        path = paths.sign_in_code(self._settings)
        code = self._waiting(path)
        is_it = code is not None and compare_digest(_plain(typed).encode(errors="replace"), _plain(code).encode())
        return is_it and _taken(path)

    def take_first(self) -> bool:
        path = paths.first_start(self._settings)
        return self._waiting(path) is not None and _taken(path)

    def _waiting(self, path: Path) -> str | None:
        """What is in the file, if its time is not over."""
        try:
            document = json.loads(read_regular(path, _MOST_OCTETS))
            code, until_s = document["code"], document["until_s"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return code if isinstance(code, str) and isinstance(until_s, float) and self._clock() < until_s else None


def _leave(path: Path, code: str, lasts_s: int, gid: int | None) -> None:
    content = json.dumps({"code": code, "until_s": float(since_boot_s() + lasts_s)})
    write_atomically(path, content.encode(), 0o600 if gid is None else 0o640, gid)


def _taken(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _plain(text: str) -> str:
    return "".join(text.split()).replace("-", "").lower()
