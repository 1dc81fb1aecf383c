"""The authority and the leaf on the volume, and the files that the other processes read.

    data_dir/ca/              root.pem, intermediate.pem, intermediate.key
    data_dir/tls/             leaf.key, chain.pem; the key outlives renewals, so that pins last
    run_dir/tls/pair.pem      private key, leaf, intermediate: one file, so that no reader sees half a change
    run_dir/public/root.pem   what devices install

Each folder on the volume is written under another name and renamed into place whole. So a folder that is incomplete
was never left so by us: it is reported, and never replaced.
"""

import logging
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from app.errors import OperatorError
from app.files import write_atomically
from app.values import IPAddress

from . import authority as issuing
from . import constraints, disk, pem
from .authority import Authority

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the resolver shows to devices, all PEM. `root_pem` is None with a certificate of the user's own."""

    pair_pem: bytes = field(repr=False)
    chain_pem: bytes
    root_pem: bytes | None
    warnings: tuple[str, ...]

    @property
    def leaf_sha256(self) -> str:
        return issuing.fingerprint_sha256(self.chain_pem)

    @property
    def root_sha256(self) -> str | None:
        return issuing.fingerprint_sha256(self.root_pem) if self.root_pem else None

    @property
    def spki_pin(self) -> str:
        return issuing.spki_pin(self.chain_pem)

    @property
    def not_after(self) -> datetime:
        return x509.load_pem_x509_certificate(self.chain_pem).not_valid_after_utc


def ensure_own(data_dir: Path, hostname: str, addresses: Sequence[IPAddress], now: datetime) -> Identity:
    """Our own authority and leaf: made when there is none, renewed when due, else left alone to the byte.

    `now` is aware UTC. A missing or empty folder `tls` beside a good authority gets a new key, and a warning.
    Raises OperatorError, nothing changed, when a file is missing, unreadable, corrupt or does not belong to the
    others, when a name is not one that the authority may certify, and when the disk refuses.
    """
    ca, tls = data_dir / "ca", data_dir / "tls"
    faults: list[str] = []
    warnings: list[str] = []
    with disk.write_faults(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True)
        is_new = _is_absent(ca) and _is_absent(tls)
        if is_new:
            _make_authority(ca, hostname, addresses, now)
        authority = _read_authority(ca, faults)
        if authority and not faults and _is_absent(tls):
            _make_leaf(tls, authority, hostname, addresses, now)
            if not is_new:
                warnings.append(f"{tls}: was empty and got a new key: devices that pinned the old key need the new pin")
        leaf = _read_leaf(tls, authority, faults)
        if faults or authority is None or leaf is None:
            raise OperatorError([*faults, _mending(data_dir)])
        key, chain = leaf
        reason = issuing.renewal_reason(chain, hostname, addresses, now)
        if reason:
            chain = issuing.issue_leaf(authority, key, hostname, addresses, now)
            write_atomically(tls / "chain.pem", chain, 0o600)
            log.info("renewed the certificate: %s", reason)
    warnings += _validity_warnings(chain, now)
    return Identity(pair_pem=key + chain, chain_pem=chain, root_pem=authority.root_pem, warnings=tuple(warnings))


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


def _make_authority(ca: Path, hostname: str, addresses: Sequence[IPAddress], now: datetime) -> None:
    authority = issuing.new_authority(hostname, addresses, now)
    files = {
        "root.pem": authority.root_pem,
        "intermediate.pem": authority.intermediate_pem,
        "intermediate.key": authority.intermediate_key_pem,
    }
    _install(ca, files)
    log.info("made a new authority in %s", ca)


def _make_leaf(tls: Path, authority: Authority, hostname: str, addresses: Sequence[IPAddress], now: datetime) -> None:
    key = issuing.new_key()
    _install(tls, {"leaf.key": key, "chain.pem": issuing.issue_leaf(authority, key, hostname, addresses, now)})
    log.info("made a new key and certificate in %s", tls)


def _read_authority(ca: Path, faults: list[str]) -> Authority | None:
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


def _read_leaf(tls: Path, authority: Authority | None, faults: list[str]) -> tuple[bytes, bytes] | None:
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
        f"Without one: if only tls is affected, delete that folder, and a new key is made; {constraints.NEW_AUTHORITY}"
    )


def _validity_warnings(chain_pem: bytes, now: datetime) -> Iterator[str]:
    leaf, intermediate = x509.load_pem_x509_certificates(chain_pem)
    begin, end = leaf.not_valid_before_utc, intermediate.not_valid_after_utc
    if now < begin:
        yield f"the certificate starts on {begin:%Y-%m-%d} and today is {now:%Y-%m-%d}: set the clock of this box"
    if now > end - issuing.LEAF_LIFE:
        yield f"the authority ends on {end:%Y-%m-%d}: {constraints.NEW_AUTHORITY}"


def _is_absent(folder: Path) -> bool:
    try:
        return not any(folder.iterdir())
    except FileNotFoundError:
        return True


def _install(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make `folder` with `files` in it, all or nothing: a start that is cut off leaves no folder of that name."""
    unfinished = folder.with_name(f"{folder.name}.new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    for name, content in files.items():
        write_atomically(unfinished / name, content, 0o600)
    unfinished.rename(folder)
    descriptor = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
