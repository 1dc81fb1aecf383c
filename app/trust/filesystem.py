"""Does a file system keep owners and modes as we set them? CIFS, exFAT, NTFS and NFS with root_squash do not.

A key there would be everybody's, or cannot be made the one program's that needs it.
"""

import errno
import os
from contextlib import suppress
from pathlib import Path

_PROBE = ".modes"
_REFUSED = {errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS}


def keeps_modes(folder: Path) -> bool:
    """Tried with a file that is gone afterwards; True where none can be made, which is told as what it is."""
    path = folder / _PROBE
    try:
        before = folder.stat()
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        return True
    try:
        return all(_is_set(descriptor, mode) for mode in (0o600, 0o640)) and _is_ours(descriptor)
    finally:
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()
            os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))  # nothing was changed there


def refusal(folder: Path) -> str:
    """One sentence about a `folder` where modes are not kept."""
    return (
        f"{folder}: is on a file system ({kind(folder)}) that does not keep owners and modes as they are set, so a key "
        "there would be open to others: mount a Docker volume there, or a folder on ext4, XFS, btrfs or ZFS; backups "
        "may go anywhere"
    )


def kind(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The type of the file system that holds `path`, as mount(8) calls it (proc_pid_mountinfo(5))."""
    found, longest = "unknown", -1
    with suppress(OSError, ValueError, IndexError):
        for line in mounts.read_text().splitlines():
            before, _, after = line.partition(" - ")
            point = Path(before.split()[4].replace("\\040", " "))
            if path.is_relative_to(point) and len(point.parts) > longest:
                found, longest = after.split()[0], len(point.parts)
    return found


def _is_set(descriptor: int, mode: int) -> bool:
    try:
        os.fchmod(descriptor, mode)
    except OSError as error:
        return error.errno not in _REFUSED
    return os.fstat(descriptor).st_mode & 0o777 == mode


def _is_ours(descriptor: int) -> bool:
    """Whether it belongs to us, and its group can be given."""
    try:
        os.fchown(descriptor, -1, os.getegid())
    except OSError as error:
        return error.errno not in _REFUSED
    return os.fstat(descriptor).st_uid == os.geteuid()
