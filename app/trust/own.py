"""The user's own certificate: two files that somebody else renews, checked as strictly as devices check them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from app.errors import OperatorError

from . import disk, pem
from .store import Identity

APPLE_LIMIT = timedelta(days=825)  # support.apple.com 103769; certificates under a private root included


def load_own_certificate(certificate: Path, key: Path, hostname: str, now: datetime) -> Identity:
    """The chain in `certificate` (leaf first) with the private `key`; `now` is aware UTC.

    A certificate that has ended, or that some devices refuse, is a warning: DNS goes on for the others.
    Raises OperatorError with all faults of both files: unreadable, encrypted, not a pair, not for `hostname`,
    not one chain in order, signed in a way that TLS libraries refuse.
    """
    faults: list[str] = []
    chain = disk.read(certificate, pem.certificates, faults)
    private_key = disk.read(key, pem.private_key, faults)
    if chain:
        is_leaf = [private_key is not None and link.public_key() == private_key.public_key() for link in chain]
        place = is_leaf.index(True) if any(is_leaf) else 0
        if private_key and not any(is_leaf):
            faults.append(f"{key}: does not belong to {certificate}: give the key that this certificate was made for")
        if place > 0:
            faults.append(f"{certificate}: is in the wrong order: certificate {place + 1}, the leaf, must be first")
        else:
            faults += _chain_faults(certificate, chain)
        faults += _name_faults(certificate, chain[place], hostname)
    if faults or chain is None or private_key is None:
        raise OperatorError(faults)
    chain_pem = pem.encode_certificates(chain)
    return Identity(
        pair_pem=pem.encode_key(private_key) + chain_pem,
        chain_pem=chain_pem,
        root_pem=None,
        warnings=tuple(_warnings(certificate, chain, now)),
    )


def _chain_faults(path: Path, chain: Sequence[x509.Certificate]) -> Iterator[str]:
    """RFC 5246 7.4.2: the leaf first, and each certificate after it certifies the one before."""
    for number, link in enumerate(chain, 1):
        is_root = link.issuer == link.subject
        if isinstance(link.signature_hash_algorithm, hashes.SHA1 | hashes.MD5) and not is_root:
            yield f"{path}: certificate {number} is signed with SHA-1 or MD5, which devices refuse: renew it"
        elif number == len(chain) or pem.is_issued_by(link, chain[number]):
            continue
        elif is_root:
            yield f"{path}: certificate {number} is a root, so certificate {number + 1} does not belong here: remove it"
        elif any(pem.is_issued_by(link, other) for other in chain):
            yield f"{path}: is in the wrong order: the issuer of certificate {number} must follow it"
        else:
            yield (
                f"{path}: lacks the certificate {link.issuer.rfc4514_string()}, which issued certificate {number}: "
                f"use the full chain (often named fullchain.pem)"
            )


def _name_faults(path: Path, leaf: x509.Certificate, hostname: str) -> Iterator[str]:
    """RFC 9525 6.3: names in the SAN count, the CN does not; `*` stands for the whole left-most label."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        yield f"{path}: has no subjectAltName, and devices read no other name: get a certificate for {hostname}"
        return
    patterns = [pattern.lower() for pattern in names.get_values_for_type(x509.DNSName)]
    parent = hostname.partition(".")[2]
    # Clients accept a wildcard only below two labels, or `*.com` would be a name.
    wildcard = f"*.{parent}" if "." in parent else None
    if hostname not in patterns and wildcard not in patterns:
        yield (
            f"{path}: is for {', '.join(patterns) or 'no DNS name'}, not for {hostname}: "
            f"set hostname to a name in it, or get a certificate for {hostname}"
        )


def _warnings(path: Path, chain: Sequence[x509.Certificate], now: datetime) -> Iterator[str]:
    leaf = chain[0]
    for number, link in enumerate(chain, 1):
        begin, end = link.not_valid_before_utc, link.not_valid_after_utc
        if now > end:
            yield f"{path}: certificate {number} ended on {end:%Y-%m-%d}, and devices that check refuse it: renew it"
        if now < begin:
            yield f"{path}: certificate {number} starts on {begin:%Y-%m-%d}: wait until then, or set the clock"
    if leaf.not_valid_after_utc - leaf.not_valid_before_utc > APPLE_LIMIT:
        yield f"{path}: is valid for more than 825 days, which iPhones and Macs refuse: get a shorter one"
    if len(chain) == 1 and _names_its_issuer(leaf):
        yield (
            f"{path}: holds the leaf only; unless devices trust {leaf.issuer.rfc4514_string()} itself, "
            f"use the full chain (often named fullchain.pem)"
        )
    if not _is_for_servers(leaf):
        yield f"{path}: lacks the extended key usage serverAuth, and many devices refuse it: get one that has it"


def _names_its_issuer(leaf: x509.Certificate) -> bool:
    """Whether it says where its issuer's certificate can be had, which leaves of public authorities all do."""
    try:
        access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return False
    return any(entry.access_method == AuthorityInformationAccessOID.CA_ISSUERS for entry in access)


def _is_for_servers(leaf: x509.Certificate) -> bool:
    try:
        usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return any(
        usage in usages for usage in (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    )
