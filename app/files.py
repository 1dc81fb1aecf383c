"""One way to write a file: a reader sees the old content or the new, whole, also after a power cut."""

import errno
import os
import stat
from io import FileIO
from pathlib import Path


def write_atomically(path: Path, content: bytes, mode: int = 0o644, group_id: int | None = None) -> None:
    """Write `content` beside `path`, fsync, rename over it, fsync the folder.

    The temporary file has mode 0600 from its first byte and takes `mode` and `group_id` before it gets its name.
    Raises OSError, and leaves the old file untouched.
    """
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if group_id is not None:
                os.fchown(file.fileno(), -1, group_id)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def open_regular(path: Path, *, follow_links: bool = False) -> FileIO:
    """Open a file that somebody else may have put there: waits for nobody. Raises OSError, also for what is no file
    (EINVAL)."""
    follow = 0 if follow_links else os.O_NOFOLLOW
    file = FileIO(os.open(path, os.O_RDONLY | follow | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "is not a file", str(path))
    return file


def read_regular(path: Path, most_octets: int, *, follow_links: bool = False) -> bytes:
    """The content of such a file.

    Raises OSError as `open_regular` does, and for one that is longer than `most_octets` (EFBIG).
    """
    with open_regular(path, follow_links=follow_links) as file:
        content = file.read(min(os.fstat(file.fileno()).st_size, most_octets) + 1) or b""
    if len(content) > most_octets:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content


def keep(path: Path, content: bytes, mode: int = 0o644, group_id: int | None = None) -> None:
    """Write `content` unless it is there already, in a file of that mode and group. Raises OSError."""
    try:
        status = path.stat()
        is_same = stat.S_IMODE(status.st_mode) == mode and group_id in (None, status.st_gid)
        is_same = is_same and stat.S_ISREG(status.st_mode) and status.st_size == len(content)
        is_same = is_same and path.read_bytes() == content
    except FileNotFoundError:
        is_same = False
    if not is_same:
        write_atomically(path, content, mode, group_id)


def keep_folder(path: Path, mode: int, group_id: int | None = None) -> None:
    """Make the folder, or give the one that is there its mode and group. Raises OSError, also for a link."""
    refuse_link(path)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.stat()
    if group_id is not None and status.st_gid != group_id:
        os.chown(path, -1, group_id)
    if stat.S_IMODE(status.st_mode) != mode:
        path.chmod(mode)


def refuse_link(path: Path) -> None:
    """Raises OSError (ELOOP) if `path` is a link: whoever put it there would decide what we hand over to others."""
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when another file takes this place, or it is written to; None while there is none to be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def let_others_through(data_dir: Path) -> None:
    """To folders of their own on the volume; secrets lie in folders that are closed themselves. Raises OSError."""
    mode = data_dir.stat().st_mode
    if mode & 0o011 != 0o011:
        data_dir.chmod(stat.S_IMODE(mode) | 0o011)
