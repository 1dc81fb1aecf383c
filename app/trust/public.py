"""The public name's key, request and chain on the volume: the key is made here and shown to nobody but the front door.

data_dir/public/   leaf.key, which outlives renewals; request.pem, for the names that are wanted; chain.pem
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from app.errors import OperatorError
from app.files import keep_folder, write_atomically

from . import authority as issuing
from . import disk, pem
from .pem import Pem

T = TypeVar("T")

KEY, REQUEST, CHAIN = "leaf.key", "request.pem", "chain.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicIdentity:
    """What the public name shows: `pair_pem` is key and chain, `root_pem` what vouches for it."""

    pair_pem: Pem = field(repr=False)
    root_pem: Pem
    begin: datetime
    end: datetime

    @property
    def spki_pin(self) -> str:
        return issuing.spki_pin(self.pair_pem)


def ensure_request(folder: Path, names: Sequence[str]) -> None:
    """Have a key, and a request (CSR, RFC 2986) of it for `names`. Raises OperatorError."""
    with disk.write_faults(folder):
        keep_folder(folder, 0o700)
        if not (folder / KEY).exists():
            write_atomically(folder / KEY, issuing.new_key(), 0o600)
        key = _read(folder / KEY, pem.private_key)
        san = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        request = builder.add_extension(san, critical=False).sign(key, hashes.SHA256())
        write_atomically(folder / REQUEST, request.public_bytes(serialization.Encoding.PEM), 0o600)


def load(folder: Path, name: str, roots: Path, now: datetime | None) -> PublicIdentity | None:
    """What is on the volume, None if it is not for `name` or is over, which nobody can say while the clock is not set
    (`now` None). Raises OperatorError for what cannot be read."""
    if not (folder / CHAIN).exists():
        return None
    chain = _read(folder / CHAIN, pem.certificates)
    try:
        return _verified(chain, folder, name, roots, now or chain[0].not_valid_before_utc + timedelta(hours=2))
    except ValueError:
        return None


def accept(folder: Path, chain_pem: str, name: str, roots: Path, now: datetime) -> PublicIdentity:
    """Keep a chain that an authority gave, if every device would take it too. Raises OperatorError, nothing changed."""
    try:
        chain = pem.certificates(chain_pem.encode())
        identity = _verified(chain, folder, name, roots, now)
    except ValueError as error:
        told = f"the authority of public.directory gave a certificate that devices would refuse: {error}"
        raise OperatorError(f"{told}: it is tried again; a private authority needs public.ca_bundle") from error
    with disk.write_faults(folder):
        write_atomically(folder / CHAIN, pem.encode_certificates(chain), 0o600)
    return identity


def _verified(chain: Sequence[x509.Certificate], folder: Path, name: str, roots: Path, now: datetime) -> PublicIdentity:
    """Raises ValueError with why not, and OperatorError for files that cannot be read."""
    key = _read(folder / KEY, pem.private_key)
    leaf = chain[0]
    if leaf.public_key() != key.public_key():
        raise ValueError("it is not for our key")
    issuers = [link.issuer for link in chain]
    known = _read(roots, lambda content: pem.mentioning(content, issuers))
    if not known:
        raise ValueError(f"no root in {roots} vouches for it")
    verifier = PolicyBuilder().store(Store(known)).time(now).build_server_verifier(x509.DNSName(name))
    try:
        path = verifier.verify(leaf, list(chain[1:]))
    except VerificationError as error:
        raise ValueError(str(error)) from error
    return PublicIdentity(
        pair_pem=Pem(pem.encode_key(key) + pem.encode_certificates(chain)),
        root_pem=pem.encode_certificates(path[-1:]),
        begin=leaf.not_valid_before_utc,
        end=min(link.not_valid_after_utc for link in path),
    )


def _read(path: Path, parse: Callable[[bytes], T]) -> T:
    faults: list[str] = []
    found = disk.read(path, parse, faults)
    if found is None:
        raise OperatorError(faults)
    return found
