"""Folders on the volume in which programs that are not root's may write."""

import os
import stat
from pathlib import Path

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import let_others_through, refuse_link
from app.trust import disk

from . import paths, users


def make(settings: Settings) -> tuple[str, ...]:
    """Those of the owner's wishes and of the lists. Returns warnings."""
    data_dir = settings.data_dir
    harm = "nothing can be set by page or command"
    warnings = _make_folder(data_dir, paths.owner(settings).parent, users.DOT, harm, is_roots=True)
    if settings.blocking.enabled:
        warnings += _make_folder(data_dir, paths.lists(settings), users.LISTS, "block lists are not refreshed")
    return warnings


def _make_folder(data_dir: Path, path: Path, user: str, harm: str, *, is_roots: bool = False) -> tuple[str, ...]:
    """Where a program of ours may write and everybody may read. Secrets next to it lie in folders of their own.

    It is the program's, or root's and the program may write by its group: then root, who is without DAC_OVERRIDE, can
    unpack a backup over it. Returns warnings, which begin with the `harm`: DNS goes on without.
    """
    owner = users.find(user)
    mode = 0o775 if is_roots and owner is not None else 0o755
    try:
        with disk.write_faults(path):
            refuse_link(path)
            if not path.is_dir():
                path.mkdir(parents=True)
                path.chmod(mode)
            if owner is not None:
                wanted, status = (0 if is_roots else owner.pw_uid, owner.pw_gid), path.stat()
                if (status.st_uid, status.st_gid) != wanted:
                    os.chown(path, *wanted)
                if is_roots and stat.S_IMODE(status.st_mode) != mode:
                    path.chmod(mode)
            let_others_through(data_dir)
    except OperatorError as error:
        return tuple(f"{harm}: {fault}" for fault in error.faults)
    return ()
