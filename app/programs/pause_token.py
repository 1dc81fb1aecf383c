"""The file on the volume in which the token for pausing from the setup page is kept."""

import logging

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import keep, keep_folder, let_others_through, read_regular
from app.onboarding import token
from app.trust import disk

from . import paths, users

log = logging.getLogger("homedot")

_MOST_OCTETS = 4096


def renew(settings: Settings) -> str:
    """Make another one, which the running page takes at once. Raises OperatorError."""
    made = token.new()
    _keep(settings, made)
    return made


def ensure(settings: Settings) -> tuple[str, ...]:
    """Make it if it is missing, and let the setup page alone read it. Returns warnings.

    One that cannot be read, as after a restore for another user, or that is damaged, is left alone: somebody has typed
    it before.
    """
    path = paths.token(settings)
    try:
        with disk.write_faults(path):
            known = _read(settings)
            if known is None and path.exists():
                raise OperatorError(f"{path}: is no token: put back the one of a backup, or run `homedot token new`")
        _keep(settings, known or token.new())
    except OperatorError as error:
        return tuple(f"blocking cannot be paused from the setup page: {fault}" for fault in error.faults)
    return ()


def read(settings: Settings) -> str | None:
    """The token; None if there is none that can be read, which `ensure` has told of at the start."""
    try:
        return _read(settings)
    except OSError as error:
        log.debug("%s", error)
        return None


def _read(settings: Settings) -> str | None:
    """The token; None if there is none, or what is there is none. Raises OSError."""
    try:
        text = read_regular(paths.token(settings), _MOST_OCTETS).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    return text if token.is_token(text) else None


def _keep(settings: Settings, made: str) -> None:
    path, gid = paths.token(settings), users.group_id(users.WEB)
    folder_mode, file_mode = (0o700, 0o600) if gid is None else (0o750, 0o640)
    with disk.write_faults(path):
        let_others_through(settings.data_dir)
        keep_folder(path.parent, folder_mode, gid)
        keep(path, f"{made}\n".encode(), file_mode, gid)
