"""How programs come to their settings: bootstrap reads what the operator wrote, and leaves each user a copy.

The operator's files may be root's alone, be edited, or be gone, and nothing that runs notices.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from app.config.handed import hand, take
from app.config.load import Loaded, load
from app.errors import OperatorError
from app.files import keep, keep_folder
from app.host import memory
from app.trust import disk

from . import list_files, paths, users

log = logging.getLogger("homedot")

VARIABLE = "HOMEDOT_SETTINGS"
"""Names a program's copy to it. The supervisor sets it, and operators cannot."""


def hand_on(loaded: Loaded) -> None:
    """Leave a copy to each user that programs run as, and block lists in files to theirs; secrets are in root's alone.

    Raises OperatorError.
    """
    run_dir = loaded.settings.run_dir
    bundle = {"resolver.ca_bundle": str(paths.copied_ca_bundle(loaded.settings))}
    readable = replace(loaded, given={**loaded.given, **bundle})
    with disk.write_faults(run_dir):
        keep_folder(run_dir, 0o755)
        keep_folder(paths.handed(run_dir, users.ROOT).parent, 0o755)
        for user in users.OF_PROGRAMS:
            group = None if user == users.ROOT else users.group_id(user)
            its = loaded if user == users.ROOT else readable
            keep(paths.handed(run_dir, user), hand(its, with_secrets=user == users.ROOT), 0o640, group)
    try:
        list_files.hand_over(loaded.settings, list_files.files_of(loaded.settings))
    except OperatorError as error:
        for fault in error.faults:
            log.warning("block lists in files that are closed to others: %s", fault)


def wanted(environment: Mapping[str, str]) -> Loaded:
    """What the operator wrote, without the block lists where memory is too short for them. Raises OperatorError."""
    loaded = load(environment)
    if memory.shortage() and loaded.settings.blocking.sources:
        return take(hand(replace(loaded, given={**loaded.given, "blocking.lists": [], "blocking.allow_lists": []})))
    return loaded


def in_force(environment: Mapping[str, str]) -> Loaded:
    """What a program was handed, or else what the operator wrote. Raises OperatorError."""
    copy = environment.get(VARIABLE)
    return taken(Path(copy)) if copy else load(environment)


def taken(path: Path) -> Loaded:
    """Raises OperatorError if there is no such copy."""
    try:
        return take(path.read_bytes())
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path}: cannot be read: {error}: restart Homedot, which writes it again") from error
