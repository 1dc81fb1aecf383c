"""The DNSSEC trust anchor of the internet's root, which unbound keeps up to date by itself (RFC 5011).

unbound follows it in a folder of its own in memory: on a volume that is full it would empty the file, and on one that
takes no new file it would end. The file begins as the copy on the volume or, where there is none, as the root keys that
come with the image; from then on it is unbound's to write, and what it has confirmed is copied to the volume. Bootstrap
only mends it: a damaged file, or one that is older than the image's keys, as after a year in a drawer, would leave
every name unresolved.

unbound faces the network, so whoever takes it over must not choose whom the box trusts from then on. What it wrote
counts only if it was not confirmed in the future, and if its keys are those that were kept before or came with the
image; one more, or one fewer, must be what the root publishes under a signature of one of these.
"""

import os
import re
import stat
from collections.abc import Callable
from math import inf
from pathlib import Path

import dns.exception
import dns.name
import dns.rdatatype
import dns.zonefile

from app.errors import OperatorError
from app.files import refuse_link, write_atomically

from . import rootkeys

_MOST_OCTETS = 65536
_ANCHOR_TYPES = {dns.rdatatype.DNSKEY, dns.rdatatype.DS}

# What unbound writes, one line for each.
_LAST_SUCCESS = re.compile(rb"^;;last_success: ([0-9]{1,10}) ", re.MULTILINE)
_BOOKKEEPING = re.compile(
    rb"^;;(?:last_queried|next_probe_time|query_failed|query_interval|retry_time): .*\n", re.MULTILINE
)
_NOT_TRUSTED = re.compile(rb"^.*;;state=[^23] .*$", re.MULTILINE)
"""Keys in a state other than VALID (2) and MISSING (3), RFC 5011 4.2: announced, revoked."""


_MOST_SET_BACK_S = 86400
"""A clock that was fast by less, and was set right since, leaves no file from the future."""


class _Damaged(ValueError):
    """The end of a sentence that begins with the file's name."""


def ensure(path: Path, uid: int | None, kept: Path, shipped: Path, now_s: float) -> list[str]:
    """Make sure that `path` holds an anchor which `uid` (None: who we are) can replace: it or `kept`, whichever was
    confirmed later, or `shipped` if that came after both.

    Returns warnings: one for each file that is damaged, or holds what does not count at `now_s` (since 1970). Raises
    OSError if the disk refuses, and OperatorError for `shipped` keys that cannot be used.
    """
    make_folder(path.parent, uid)
    keys, known = _shipped_keys(shipped)
    made_s = shipped.stat().st_mtime
    if now_s < made_s:
        now_s = inf  # a clock that is wrong, as on a board without a battery, tells nobody's future
    found, warnings = {}, []
    before = known
    for place in (kept, path):
        try:
            content = _read(place)
            _require_past(content, now_s)
            if place == kept:
                before = rootkeys.written(content) or before
            else:
                _require_continuity(content, before, known | before, lambda _: frozenset())
            found[place] = content
        except (FileNotFoundError, NotADirectoryError):
            continue
        except _Damaged as damaged:
            warnings.append(f"{place}: {damaged}; unbound starts from another copy of the root's keys")
    best = max(found.values(), key=_confirmed_s, default=b"")
    if not best or _confirmed_s(best) < made_s:
        best = keys
    if found.get(path) != best:
        write_atomically(path, best)
    _hand_over(path, uid)
    return warnings


def preserve(path: Path, kept: Path, shipped: Path, now_s: float, published: Callable[[], bytes]) -> str | None:
    """Copy to `kept` what unbound has confirmed in `path`, if it says anything new. Returns a warning about `path`.

    `published` asks for the root's DNSKEY RRset and returns the response, of which nothing is believed but signatures
    by keys of `kept` and `shipped`; it is called if unbound trusts more or fewer than `kept` has, or else `shipped`.
    Raises OSError if the disk refuses; then `kept` is what it was. Raises OperatorError for `shipped` keys that cannot
    be used.
    """
    known = _shipped_keys(shipped)[1]
    try:
        copy = _read(kept)
        _require_past(copy, now_s)
    except (FileNotFoundError, NotADirectoryError, _Damaged):
        copy = b""
    before = rootkeys.written(copy) or known
    try:
        content = _read(path)
        if not _confirmed_s(content) or _without_bookkeeping(content) == _without_bookkeeping(copy):
            return None
        _require_past(content, now_s)
        _require_continuity(content, before, known | before, lambda keys: rootkeys.signed_by(keys, published(), now_s))
    except FileNotFoundError:
        return None
    except _Damaged as damaged:
        return f"{path}: {damaged}; the copy in {kept} stays as it is"
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(kept, content)
    return None


def _require_past(content: bytes, now_s: float) -> None:
    if _confirmed_s(content) > now_s + _MOST_SET_BACK_S:
        raise _Damaged("says that it was confirmed in the future")


def _require_continuity(
    content: bytes, before: rootkeys.Keys, known: rootkeys.Keys, signed_by: Callable[[rootkeys.Keys], rootkeys.Keys]
) -> None:
    """Raises _Damaged unless `content` counts after a file with the keys `before`. Whoever may sign news is among
    `known`; `signed_by` tells which keys the root publishes, signed by one of some."""
    keys = rootkeys.written(content)
    if keys is None:
        raise _Damaged("is not as unbound writes it")
    more, fewer = rootkeys.unknown(keys, known), rootkeys.unknown(before, keys)
    if more or fewer:
        published = signed_by(known)
        if rootkeys.unknown(more, published):
            raise _Damaged("trusts a key of the root that no known key has signed")
        if not published or rootkeys.unknown(fewer, published) != fewer:
            raise _Damaged("does not trust a key of the root that may still be one")


def make_folder(folder: Path, uid: int | None) -> None:
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


def _read(path: Path) -> bytes:
    """Raises _Damaged, and OSError if there is none. Waits for nobody and follows no link: it may be another user's."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise _Damaged(f"cannot be read ({error.strerror})") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _Damaged("is not a file")
        content = file.read(_MOST_OCTETS + 1)
    _require_anchor(content)
    return content


def _confirmed_s(content: bytes) -> int:
    """When unbound last confirmed it, in seconds since 1970: the root had signed it then. 0: never.

    The file's own time would not do: unbound also writes it when it could not confirm it, as under a wrong clock.
    """
    return max(map(int, _LAST_SUCCESS.findall(content)), default=0)


def _without_bookkeeping(content: bytes) -> bytes:
    return _BOOKKEEPING.sub(b"", content)


def _shipped_keys(shipped: Path) -> tuple[bytes, rootkeys.Keys]:
    """The file as it is, and the keys in it."""
    try:
        content = shipped.read_bytes()
        _require_anchor(content)
    except OSError as error:
        raise OperatorError(f"{shipped}: cannot be read: {error.strerror}: apt install dns-root-data") from None
    except _Damaged as damaged:
        raise OperatorError(f"{shipped}: {damaged}: apt install --reinstall dns-root-data") from None
    return content, rootkeys.shipped(content.decode())


def _require_anchor(content: bytes) -> None:
    """Raises _Damaged unless `content` is a zone file with trusted keys of the root, as unbound reads and writes it."""
    if len(content) > _MOST_OCTETS:
        raise _Damaged("is too long for a trust anchor")
    if content.startswith(b";;REVOKED"):
        raise _Damaged("says that the root has revoked all its keys")  # and unbound would validate nothing any more
    try:
        trusted = _NOT_TRUSTED.sub(b"", content).decode()
        rrsets = dns.zonefile.read_rrsets(trusted, rdclass=None, default_ttl=0)
    except (dns.exception.DNSException, ValueError) as error:
        raise _Damaged(f"is no trust anchor ({error})") from None
    if not any(rrset.name == dns.name.root and rrset.rdtype in _ANCHOR_TYPES for rrset in rrsets):
        raise _Damaged("holds no key of the root that is trusted")
