"""The authority and the leaf on the volume.

    data_dir/ca/      root.pem, intermediate.pem, intermediate.key
    data_dir/tls/     leaf.key, chain.pem; the key outlives renewals, so that pins last
    data_dir/version.json     see version.py

Both appear together, whole (see volume.py). So what is incomplete was never left so by us: it is reported, and replaced
only by who is told to, `new_authority` and `new_key`.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from app.config.values import IPAddress
from app.errors import OperatorError
from app.files import write_atomically

from . import authority as issuing
from . import clock, constraints, disk, filesystem, pem, version, volume
from .authority import Authority
from .constraints import Names
from .pem import Pem

log = logging.getLogger(__name__)

_CA = ("root.pem", "intermediate.pem", "intermediate.key")
_TLS = ("chain.pem", "leaf.key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the resolver shows to devices. `root_pem` is None with a certificate of the user's own.

    `private_root_pem` is then the root that devices were given, if it is no public one.
    """

    pair_pem: Pem = field(repr=False)
    chain_pem: Pem
    root_pem: Pem | None
    warnings: tuple[str, ...]
    private_root_pem: Pem | None = None

    @property
    def root_sha256(self) -> str | None:
        return issuing.fingerprint_sha256(self.root_pem) if self.root_pem else None

    @property
    def spki_pin(self) -> str:
        return issuing.spki_pin(self.chain_pem)

    @property
    def addresses(self) -> tuple[IPAddress, ...]:
        """Those that the leaf is good for."""
        leaf = x509.load_pem_x509_certificate(self.chain_pem)
        try:
            names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return ()
        return tuple(value for value in names.get_values_for_type(x509.IPAddress) if isinstance(value, IPAddress))

    @property
    def not_before(self) -> datetime:
        """When that certificate of the chain began which ends first, aware UTC."""
        return self._first_to_end.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """When the first certificate of the chain ends, aware UTC."""
        return self._first_to_end.not_valid_after_utc

    @property
    def _first_to_end(self) -> x509.Certificate:
        links = x509.load_pem_x509_certificates(self.chain_pem)
        return min(links, key=lambda link: link.not_valid_after_utc)


def ensure_own(data_dir: Path, names: Names, now: datetime | None, *, told_of: Path | None = None) -> Identity:
    """Our own authority and leaf: made when there is none, renewed when due, else left alone to the byte.

    `told_of` is a file that says that devices trust an authority of ours, so there must be one. `now` is aware UTC, or
    None while the clock is not set: then nothing is made and nothing renewed. A renewal that the disk refuses is a
    warning, and the old certificate is served on.
    Raises OperatorError, nothing changed, when the file system keeps no modes; when there was an authority and none is
    left; when only a later program can use the volume; when a file is missing, unreadable, corrupt, does not belong to
    the others, belongs to another user or may be read by others; when a name is not one that the authority may certify;
    when the first ones cannot be written; and when they must be made with `now` None.
    """
    warnings: list[str] = []
    with _writing(data_dir):
        if holds_nothing(data_dir):
            version.refuse_traces(data_dir, told_of, _mending(data_dir))
            if now is None:
                raise OperatorError(clock.NEEDED)
            _make_all(data_dir, names, now)
        authority, key, chain = _read(data_dir)
        reason = issuing.renewal_reason(chain, names, now) if now else None
        if now and reason:
            renewed = issuing.issue_leaf(authority, key, names, now)
            try:
                with disk.write_faults(data_dir):
                    write_atomically(data_dir / "tls" / "chain.pem", renewed, 0o600)
            except OperatorError as error:
                warnings.append(f"{error}. Still serving the previous certificate, but {reason}")
            else:
                chain = renewed
                log.info("renewed the certificate: %s", reason)
    if now:
        warnings += _validity_warnings(chain, now)
    return _identity(authority, key, chain, warnings)


def holds_nothing(data_dir: Path) -> bool:
    """Whether a start makes an authority there. Raises OperatorError when it cannot be looked at."""
    with disk.write_faults(data_dir):
        # A change that is decided counts as made: its folders are about to take their places.
        return not any(data_dir.glob("next.*")) and all(volume.is_absent(data_dir / name) for name in ("ca", "tls"))


def new_authority(data_dir: Path, names: Names, now: datetime) -> tuple[Identity, str]:
    """Another authority with another leaf key, whatever the volume holds; and the folder's name where that is kept.

    Raises OperatorError when the disk refuses; then nothing has changed, or the next start completes it.
    """
    with _writing(data_dir):
        label = _make_all(data_dir, names, now)
        return _identity(*_read(data_dir)), f"old.{label}"


def new_key(data_dir: Path, names: Names, now: datetime) -> tuple[Identity, str]:
    """Another leaf key under the authority there; and the folder's name where the old one is kept.

    Raises OperatorError as `ensure_own` does for the authority, and as `new_authority` does.
    """
    with _writing(data_dir):
        faults: list[str] = []
        authority = _read_authority(data_dir / "ca", faults)
        if faults or authority is None:
            raise OperatorError([*faults, _mending(data_dir)])
        label = _label(data_dir, now)
        volume.replace(data_dir, {"tls": _leaf_files(authority, names, now)}, label)
        return _identity(*_read(data_dir)), f"old.{label}"


@contextmanager
def _writing(data_dir: Path) -> Iterator[None]:
    with disk.write_faults(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True)
        version.refuse_later(data_dir)  # first: the sole writer completes what others began
        with volume.sole_writer(data_dir):
            yield
            version.note(data_dir)


def _make_all(data_dir: Path, names: Names, now: datetime) -> str:
    if not filesystem.keeps_modes(data_dir):
        raise OperatorError(filesystem.refusal(data_dir))
    authority = issuing.new_authority(names, now)
    contents = (authority.root_pem, authority.intermediate_pem, authority.intermediate_key_pem)
    label = _label(data_dir, now)
    ca, tls = dict(zip(_CA, contents, strict=True)), _leaf_files(authority, names, now)
    volume.replace(data_dir, {"ca": ca, "tls": tls}, label)
    log.info("made a new authority in %s", data_dir)
    return label


def _leaf_files(authority: Authority, names: Names, now: datetime) -> dict[str, bytes]:
    key = issuing.new_key()
    return dict(zip(_TLS, (issuing.issue_leaf(authority, key, names, now), key), strict=True))


def _label(data_dir: Path, now: datetime) -> str:
    """When it was replaced, and the beginning of the fingerprint of the root there: `20260601T120000Z-ab12cd34`."""
    root = disk.read(data_dir / "ca" / "root.pem", pem.certificates, [])
    mark = issuing.fingerprint_sha256(pem.encode_certificates(root)) if root else "unreadable"
    return f"{now:%Y%m%dT%H%M%SZ}-{mark.replace(':', '').lower()[:10]}"


def _identity(authority: Authority, key: Pem, chain: Pem, warnings: Sequence[str] = ()) -> Identity:
    return Identity(pair_pem=Pem(key + chain), chain_pem=chain, root_pem=authority.root_pem, warnings=tuple(warnings))


def _read(data_dir: Path) -> tuple[Authority, Pem, Pem]:
    """The authority, the leaf's key, its chain. Raises OperatorError with every fault of every file."""
    faults: list[str] = []
    authority = _read_authority(data_dir / "ca", faults)
    leaf = _read_leaf(data_dir / "tls", authority, faults)
    if faults or authority is None or leaf is None:
        raise OperatorError([*faults, _mending(data_dir)])
    return authority, *leaf


def _read_authority(ca: Path, faults: list[str]) -> Authority | None:
    faults += disk.not_ours_alone(ca, _CA, "homedot ca new")
    root = disk.read(ca / "root.pem", pem.certificates, faults)
    intermediate = disk.read(ca / "intermediate.pem", pem.certificates, faults)
    key = disk.read(ca / "intermediate.key", pem.private_key, faults)
    if root and intermediate and not pem.is_issued_by(intermediate[0], root[0]):
        faults.append(f"{ca / 'intermediate.pem'}: was not issued by root.pem beside it")
    if intermediate and key and key.public_key() != intermediate[0].public_key():
        faults.append(f"{ca / 'intermediate.key'}: does not belong to intermediate.pem beside it")
    if root is None or intermediate is None or key is None:
        return None
    return Authority(pem.encode_certificates(root), pem.encode_certificates(intermediate), pem.encode_key(key))


def _read_leaf(tls: Path, authority: Authority | None, faults: list[str]) -> tuple[Pem, Pem] | None:
    faults += disk.not_ours_alone(tls, _TLS, "homedot key new")
    key = disk.read(tls / "leaf.key", pem.private_key, faults)
    chain = disk.read(tls / "chain.pem", pem.certificates, faults)
    if key and chain and key.public_key() != chain[0].public_key():
        faults.append(f"{tls / 'leaf.key'}: does not belong to chain.pem beside it")
    if authority and chain:
        intermediate = x509.load_pem_x509_certificate(authority.intermediate_pem)
        if chain[1:] != [intermediate] or not pem.is_issued_by(chain[0], intermediate):
            faults.append(f"{tls / 'chain.pem'}: was not issued by intermediate.pem in the folder ca")
    if key is None or chain is None:
        return None
    return pem.encode_key(key), pem.encode_certificates(chain)


def _mending(data_dir: Path) -> str:
    return (
        f"{data_dir}: nothing was changed. What is lost or damaged must come back from one backup of ca and tls. "
        f"Without one: if only tls is affected, `homedot key new` makes a new key; {constraints.NEW_AUTHORITY}"
    )


def _validity_warnings(chain_pem: Pem, now: datetime) -> Iterator[str]:
    _, intermediate = x509.load_pem_x509_certificates(chain_pem)
    begin, end = intermediate.not_valid_before_utc, intermediate.not_valid_after_utc
    today = f"and today is {now:%Y-%m-%d}: if that is wrong, {clock.SET_IT}; if it is right"
    if now < begin:
        yield (
            f"the authority starts on {begin:%Y-%m-%d}, {today}, the clock was ahead when the authority was made: "
            f"{constraints.NEW_AUTHORITY}"
        )
    elif now >= end:
        yield f"the authority ended on {end:%Y-%m-%d}, {today}, {constraints.NEW_AUTHORITY}"
    elif now > end - issuing.LEAF_LIFE:
        yield f"the authority ends on {end:%Y-%m-%d}: {constraints.NEW_AUTHORITY}"
