"""The DNSSEC trust anchor of the internet's root, which unbound keeps up to date by itself (RFC 5011).

It lies on the volume in a folder of unbound's own, begins as the root keys that come with the image, and is unbound's
to write from then on. Bootstrap only mends it: a missing or damaged file, or one that is older than the image's keys,
as after a year in a drawer, would leave every name unresolved.
"""

import os
import stat
from pathlib import Path

import dns.exception
import dns.name
import dns.rdatatype
import dns.zonefile

from app.errors import OperatorError
from app.files import refuse_link, write_atomically

_MOST_OCTETS = 65536
_ANCHOR_TYPES = {dns.rdatatype.DNSKEY, dns.rdatatype.DS}


class _Damaged(ValueError):
    """The end of a sentence that begins with the file's name."""


def ensure(path: Path, uid: int | None, shipped: Path) -> str | None:
    """Make sure that `path` holds an anchor which `uid` (None: who we are) can replace.

    Returns a warning if a damaged file had to be replaced. Raises OSError if the disk refuses, and OperatorError for
    `shipped` keys that cannot be used.
    """
    _make_folder(path.parent, uid)
    warning = None
    try:
        current = _is_current(path, shipped)
    except _Damaged as damaged:
        current = False
        warning = f"{path}: {damaged}; unbound starts again from the root keys of {shipped}"
    if not current:
        write_atomically(path, _shipped_keys(shipped))
    _hand_over(path, uid)
    return warning


def _make_folder(folder: Path, uid: int | None) -> None:
    """unbound writes here, and so does root in a container where it is bound by permissions: through its group."""
    refuse_link(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if folder.lstat().st_uid != uid and uid is not None:
        if folder.lstat().st_uid == os.geteuid():
            folder.chmod(0o775)
        _hand_over(folder, uid)


def _hand_over(path: Path, uid: int | None) -> None:
    """Never through a link: the folder is another user's."""
    if uid is not None and path.lstat().st_uid != uid:
        os.chown(path, uid, -1, follow_symlinks=False)


def _is_current(path: Path, shipped: Path) -> bool:
    """Raises _Damaged. False if there is no file, or if `shipped` came after unbound last confirmed it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _Damaged(f"cannot be read ({error.strerror})") from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _Damaged("is not a file")
        _require_anchor(file.read(_MOST_OCTETS + 1))
    # unbound writes the file anew whenever the root has confirmed it, several times a month.
    return status.st_mtime >= shipped.stat().st_mtime


def _shipped_keys(shipped: Path) -> bytes:
    try:
        content = shipped.read_bytes()
        _require_anchor(content)
    except OSError as error:
        raise OperatorError(f"{shipped}: cannot be read: {error.strerror}: apt install dns-root-data") from None
    except _Damaged as damaged:
        raise OperatorError(f"{shipped}: {damaged}: apt install --reinstall dns-root-data") from None
    return content


def _require_anchor(content: bytes) -> None:
    """Raises _Damaged unless `content` is a zone file with keys of the root, as unbound reads and writes it."""
    if len(content) > _MOST_OCTETS:
        raise _Damaged("is too long for a trust anchor")
    try:
        rrsets = dns.zonefile.read_rrsets(content.decode(), rdclass=None, default_ttl=0)
    except (dns.exception.DNSException, ValueError) as error:
        raise _Damaged(f"is no trust anchor ({error})") from None
    if not any(rrset.name == dns.name.root and rrset.rdtype in _ANCHOR_TYPES for rrset in rrsets):
        raise _Damaged("holds no key of the root")
