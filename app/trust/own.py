"""The user's own certificate: two files that somebody else renews, checked as strictly as devices check them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, PublicKeyAlgorithmOID

from app import dnsname, lifetime
from app.errors import OperatorError

from . import disk, pem
from .store import Identity

PUBLIC_ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")
APPLE_LIMIT = timedelta(days=825)  # support.apple.com 103769; certificates under a private root included
WRONG_ORDER = "is in the wrong order, and served in the right one"


def load_own_certificate(
    certificate: Path,
    key: Path,
    hostname: str,
    now: datetime,
    public_roots: Path = PUBLIC_ROOTS,
    *,
    private_root: Path | None = None,
) -> Identity:
    """The chain in `certificate` with the private `key`; `now` is aware UTC, `public_roots` a file of many PEM.
    `private_root` is that of an authority of the user's own, which devices were given.

    What some devices refuse, or will refuse soon, is a warning: DNS goes on for the others. So is a wrong order, which
    is put right. Raises OperatorError with all faults of both files: unreadable, encrypted, not a pair, not for
    `hostname`, not one chain, signed in a way that TLS libraries refuse.
    """
    faults: list[str] = []
    private = disk.read_named(private_root, pem.certificates, faults) if private_root else []
    found, chain, private_key = _pair(certificate, key, hostname, faults)
    if faults or private_key is None:
        raise OperatorError(faults)
    warnings = [*_warnings(certificate, found, chain, now)]
    warnings += _private_root_warnings(certificate, chain, private_root, private or [])
    warnings += [] if private_root else _root_warnings(certificate, chain, public_roots)
    chain_pem = pem.encode_certificates(chain)
    pair_pem = pem.Pem(pem.encode_key(private_key) + chain_pem)
    return Identity(
        pair_pem=pair_pem,
        chain_pem=chain_pem,
        root_pem=None,
        warnings=tuple(warnings),
        private_root_pem=pem.encode_certificates(private) if private else None,
    )


def _pair(
    certificate: Path, key: Path, hostname: str, faults: list[str]
) -> tuple[list[x509.Certificate], list[x509.Certificate], pem.PrivateKey | None]:
    """What is in the file, in its order and in that of a chain, and its key; whatever is wrong is added to `faults`."""
    found = disk.read_named(certificate, pem.certificates, faults)
    private_key = disk.read_named(key, pem.private_key, faults)
    chain: list[x509.Certificate] = []
    if found:
        leaves = [link for link in found if private_key and link.public_key() == private_key.public_key()]
        if private_key and not leaves:
            faults.append(f"{key}: does not belong to {certificate}: give the key that this certificate was made for")
        found = list(dict.fromkeys(found))  # a root that was appended twice is nobody's fault
        chain = _in_order(found, leaves[0] if leaves else found[0])
        faults += _chain_faults(certificate, found, chain)
        faults += _name_faults(certificate, chain[0], hostname)
        if (
            chain[0].public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS
        ):  # TLS libraries want keys to say so too
            faults.append(f"{certificate}: {pem.REFUSED_KIND}")
    return found or [], chain, private_key


def _in_order(found: Sequence[x509.Certificate], leaf: x509.Certificate) -> list[x509.Certificate]:
    """RFC 5246 7.4.2: the leaf first, and each certificate after it certifies the one before. As far as they lead, and
    behind that those which lead elsewhere: an authority that several others have signed has a certificate of each."""
    chain, rest = [leaf], [link for link in found if link is not leaf]
    below = leaf
    while above := next((link for link in rest if pem.is_issued_by(below, link)), None):
        rest.remove(above)
        chain.append(above)
        below = above
    while aside := [link for link in rest if any(pem.is_issued_by(below, link) for below in chain)]:
        rest = [link for link in rest if link not in aside]
        chain += aside
    return chain


def _chain_faults(path: Path, found: Sequence[x509.Certificate], chain: Sequence[x509.Certificate]) -> Iterator[str]:
    """Numbers are places in the file."""
    for link in chain:
        number = _number(found, link)
        if isinstance(link.signature_hash_algorithm, hashes.SHA1 | hashes.MD5) and not _is_root(link):
            yield f"{path}: certificate {number} is signed with SHA-1 or MD5, which devices refuse: renew it"
    top, strangers = chain[-1], [link for link in found if link not in chain]
    if _is_root(top):
        for link in strangers:
            yield f"{path}: certificate {_number(found, link)} does not belong to the chain: remove it"
    elif strangers:
        yield (
            f"{path}: lacks the certificate {top.issuer.rfc4514_string()}, which issued certificate "
            f"{_number(found, top)}: use the full chain (often named fullchain.pem)"
        )


def _name_faults(path: Path, leaf: x509.Certificate, hostname: str) -> Iterator[str]:
    """RFC 9525 6.3: names in the SAN count, the CN does not; `*` stands for the whole left-most label."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        yield f"{path}: has no subjectAltName, and devices read no other name: get a certificate for {hostname}"
        return
    patterns = [pattern.lower() for pattern in names.get_values_for_type(x509.DNSName)]
    if not set(dnsname.certificate_names(hostname)) & set(patterns):
        yield (
            f"{path}: is for {', '.join(patterns) or 'no DNS name'}, not for {hostname}: "
            f"set hostname to a name in it, or get a certificate for {hostname}"
        )


def _warnings(
    path: Path, found: Sequence[x509.Certificate], chain: Sequence[x509.Certificate], now: datetime
) -> Iterator[str]:
    leaf = chain[0]
    if list(found) != list(chain):
        yield f"{path}: {WRONG_ORDER}: put the leaf first, then who issued it"
    for link in chain:
        number = _number(found, link)
        if now < link.not_valid_before_utc:
            yield (
                f"{path}: certificate {number} starts on {link.not_valid_before_utc:%Y-%m-%d}: "
                f"wait until then, or set the clock"
            )
        end = link.not_valid_after_utc
        if now > end:
            yield f"{path}: certificate {number} ended on {end:%Y-%m-%d}, and devices that check refuse it: renew it"
        elif now > lifetime.late_from(link.not_valid_before_utc, end):
            left = lifetime.rounded(end - now)
            yield f"{path}: certificate {number} ends on {end:%Y-%m-%d}, in less than {left}: renew it"
    if leaf.not_valid_after_utc - leaf.not_valid_before_utc > APPLE_LIMIT:
        yield f"{path}: is valid for more than 825 days, which iPhones and Macs refuse: get a shorter one"
    if not _is_for_servers(leaf):
        yield f"{path}: lacks the extended key usage serverAuth, and many devices refuse it: get one that has it"


def _root_warnings(path: Path, chain: Sequence[x509.Certificate], public_roots: Path) -> Iterator[str]:
    """Whether a root that this system knows vouches for the chain: a private authority does without, by intent.

    Without a list of such roots there is no verdict, and nothing to mend.
    """
    # Not only the top one's: public chains may go on to a cross-signed root, whose other issuer is long forgotten.
    issuers = [link.issuer for link in chain]
    roots = disk.read_named(public_roots, lambda content: pem.mentioning(content, issuers), [])
    top = chain[-1]
    if roots is None or _is_root(top):
        return
    if not any(pem.is_issued_by(link, root) for link in chain for root in roots):
        yield (
            f"{path}: ends with {top.subject.rfc4514_string()}, issued by {top.issuer.rfc4514_string()}, which is no "
            f"root that is known here: if devices were not given that one, "
            f"use the full chain (often named fullchain.pem)"
        )


def _private_root_warnings(
    path: Path, chain: Sequence[x509.Certificate], root: Path | None, found: Sequence[x509.Certificate]
) -> Iterator[str]:
    if root and not any(pem.is_issued_by(link, each) for link in chain for each in found):
        yield f"{root}: did not issue {path}: put the root that did into tls.root, or leave it out for a public one"


def _number(found: Sequence[x509.Certificate], link: x509.Certificate) -> int:
    return found.index(link) + 1


def _is_root(link: x509.Certificate) -> bool:
    return link.issuer == link.subject


def _is_for_servers(leaf: x509.Certificate) -> bool:
    try:
        usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return any(
        usage in usages for usage in (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    )
