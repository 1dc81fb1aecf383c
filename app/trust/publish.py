"""What the other processes read of who we are: one secret for the front door, and what everybody may know.

run_dir/tls/pair.pem      private key, leaf, intermediate: one file, so that no reader sees half a change
run_dir/public/root.pem   what devices install
"""

import os
import stat
from pathlib import Path

from app.files import write_atomically

from . import disk
from .store import Identity


def publish(identity: Identity, run_dir: Path, dot_gid: int | None) -> None:
    """Write tls/pair.pem (for the group `dot_gid`, or for us alone) and public/root.pem (for all) below `run_dir`.

    What is there already is left alone. Raises OperatorError when the disk refuses.
    """
    folder_mode, file_mode = (0o700, 0o600) if dot_gid is None else (0o750, 0o640)
    with disk.write_faults(run_dir):
        _folder(run_dir, 0o755)
        _folder(run_dir / "tls", folder_mode, dot_gid)
        _folder(run_dir / "public", 0o755)
        _put(run_dir / "tls" / "pair.pem", identity.pair_pem, file_mode, dot_gid)
        root = run_dir / "public" / "root.pem"
        if identity.root_pem is None:
            root.unlink(missing_ok=True)
        else:
            _put(root, identity.root_pem, 0o644)


def _folder(path: Path, mode: int, group_id: int | None = None) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.stat()
    if group_id is not None and status.st_gid != group_id:
        os.chown(path, -1, group_id)
    if stat.S_IMODE(status.st_mode) != mode:
        path.chmod(mode)


def _put(path: Path, content: bytes, mode: int, group_id: int | None = None) -> None:
    try:
        status = path.stat()
        is_same = stat.S_IMODE(status.st_mode) == mode and group_id in (None, status.st_gid)
        is_same = is_same and path.read_bytes() == content
    except FileNotFoundError:
        is_same = False
    if not is_same:
        write_atomically(path, content, mode, group_id)
