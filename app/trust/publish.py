"""What the other processes read of who we are: one secret for the front door, and what everybody may know.

run_dir/tls/pair.pem      private key, leaf, intermediate: one file, so that no reader sees half a change
run_dir/public/root.pem   what devices install
"""

from pathlib import Path

from app.files import keep, keep_folder

from . import disk
from .store import Identity


def publish(identity: Identity, run_dir: Path, dot_gid: int | None) -> None:
    """Write tls/pair.pem (for the group `dot_gid`, or for us alone) and public/root.pem (for all) below `run_dir`.

    What is there already is left alone. Raises OperatorError when the disk refuses.
    """
    folder_mode, file_mode = (0o700, 0o600) if dot_gid is None else (0o750, 0o640)
    with disk.write_faults(run_dir):
        keep_folder(run_dir, 0o755)
        keep_folder(run_dir / "tls", folder_mode, dot_gid)
        keep_folder(run_dir / "public", 0o755)
        keep(run_dir / "tls" / "pair.pem", identity.pair_pem, file_mode, dot_gid)
        root = run_dir / "public" / "root.pem"
        if identity.root_pem is None:
            root.unlink(missing_ok=True)
        else:
            keep(root, identity.root_pem, 0o644)
