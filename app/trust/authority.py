"""Names and a clock -> certificates. Pure: no files, no clock of its own.

    root           self-signed, may sign one level of authorities; its private key is forgotten at once
     intermediate  may sign leaves only; its private key stays with the store
      leaf         the hostname and the addresses of this box; renewed in place with the same key

Root and intermediate carry the same critical name constraints (RFC 5280 4.2.1.10), so that whoever steals the
intermediate's key can impersonate this resolver and nothing else on the web.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.errors import OperatorError

from . import constraints, pem
from .constraints import Names
from .pem import Pem

# The owner of a phone trusts a root by hand, so it should outlive the phone.
AUTHORITY_LIFE = timedelta(days=3650)
# Apple refuses leaves of more than 825 days, also under a private root (support.apple.com 103769).
LEAF_LIFE = timedelta(days=180)
# Clocks of small boxes and of phones differ: what is made now must be valid for a phone that is behind.
BACKDATED = timedelta(days=1)
NAMES_CHANGED = "its names changed"


@dataclass(frozen=True, slots=True)
class Authority:
    """What is kept of an authority: two certificates and the intermediate's private key."""

    root_pem: Pem
    intermediate_pem: Pem
    intermediate_key_pem: Pem = field(repr=False)


def new_key() -> Pem:
    """A new P-256 private key: PKCS #8, not encrypted."""
    return pem.encode_key(_generate())


def new_authority(names: Names, now: datetime) -> Authority:
    """A root and its intermediate, both valid from a day before `now` (aware, UTC) for ten years.

    They may certify names below home.arpa, addresses in the ranges of homes, and `names`.
    The root's CN carries six hex digits of its key, because iOS lists roots by CN and a household may have had two.
    """
    root_key, intermediate_key = _generate(), _generate()
    mark = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()).digest.hex()[:6]
    root_name, intermediate_name = _name(f"Homedot DNS CA {mark}"), _name(f"Homedot DNS issuing CA {mark}")
    begin = _backdated(now)
    validity = (begin, begin + AUTHORITY_LIFE)
    permitted = constraints.permitted(names)
    root_pem = _sign(
        (root_name, root_key.public_key()),
        (root_name, root_key),
        validity,
        x509.BasicConstraints(ca=True, path_length=1),  # RFC 5280 4.2.1.9: one authority below, which signs leaves
        _usage(authority=True),
        permitted,
    )
    intermediate_pem = _sign(
        (intermediate_name, intermediate_key.public_key()),
        (root_name, root_key),
        validity,
        x509.BasicConstraints(ca=True, path_length=0),
        _usage(authority=True),
        # Verifiers take it as a limit on what is below, no leaf for mail or code; RFC 5280 4.2.1.12 leaves it open.
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        permitted,
    )
    return Authority(root_pem, intermediate_pem, pem.encode_key(intermediate_key))


def issue_leaf(authority: Authority, key_pem: Pem, names: Names, now: datetime) -> Pem:
    """A chain (leaf, then intermediate) for the private key `key_pem`, valid for 180 days from a day before `now`.

    SAN: `names`, 127.0.0.1 and ::1. The subject is a fixed text: clients read the SAN only
    (RFC 9525 6.3), and a CN holds no more than 64 characters. The leaf lies within the life of its authority.
    Raises OperatorError when a name is outside of what the authority may certify, or when the authority has ended.
    """
    intermediate = x509.load_pem_x509_certificate(authority.intermediate_pem)
    faults = list(constraints.outside(intermediate, names))
    ended = intermediate.not_valid_after_utc
    if now >= ended:
        faults.append(f"the authority ended on {ended:%Y-%m-%d}: {constraints.NEW_AUTHORITY}")
    if faults:
        raise OperatorError(faults)
    begin = max(_backdated(now), intermediate.not_valid_before_utc)
    leaf = _sign(
        (_name("Homedot resolver"), _load_key(key_pem).public_key()),
        (intermediate.subject, _load_key(authority.intermediate_key_pem)),
        (begin, min(begin + LEAF_LIFE, ended)),
        x509.BasicConstraints(ca=False, path_length=None),
        _usage(authority=False),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),  # Apple requires it (support.apple.com 103769)
        x509.SubjectAlternativeName(constraints.certified(names)),
    )
    return Pem(leaf + authority.intermediate_pem)


def renewal_reason(chain_pem: Pem, names: Names, now: datetime) -> str | None:
    """Why the chain that `issue_leaf` made should be issued anew, or None while it is good.

    Due at two thirds of its life, and whenever its names are not these. A leaf that ends with its authority, or that
    no new leaf could start before, is left alone: another one would be no better. So is every leaf of an authority that
    has ended: there can be no other one.
    """
    leaf, intermediate = x509.load_pem_x509_certificates(chain_pem)
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if now >= intermediate.not_valid_after_utc:
        return None
    has = set(leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    wants = set(constraints.certified(names))
    if has != wants:
        changes = [f"+{name.value}" for name in wants - has] + [f"-{name.value}" for name in has - wants]
        return f"{NAMES_CHANGED} ({', '.join(sorted(changes))})"
    if intermediate.not_valid_before_utc <= now < begin:
        return f"it is not valid before {begin:%Y-%m-%d}: the clock was ahead when it was made"
    if now >= begin + (end - begin) * 2 / 3 and end < intermediate.not_valid_after_utc:
        return f"it ends on {end:%Y-%m-%d}, and two thirds of its life are over"
    return None


def fingerprint_sha256(certificate_pem: Pem) -> str:
    """SHA-256 of the first certificate, as devices show it: "AB:CD:..." (32 pairs)."""
    return x509.load_pem_x509_certificate(certificate_pem).fingerprint(hashes.SHA256()).hex(":").upper()


def spki_pin(certificate_pem: Pem) -> str:
    """Base64 of the SHA-256 of the first certificate's SubjectPublicKeyInfo (RFC 7858 4.2, RFC 7469 2.4)."""
    public_key = x509.load_pem_x509_certificate(certificate_pem).public_key()
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    return base64.b64encode(digest.finalize()).decode()


def _sign(
    subject: tuple[x509.Name, ec.EllipticCurvePublicKey],
    issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey],
    validity: tuple[datetime, datetime],
    *extensions: x509.ExtensionType,
) -> Pem:
    """One certificate with key identifiers, which strict verifiers require (RFC 5280 4.2.1.1 and 4.2.1.2).

    The serial number is positive, random and of at most 20 octets (4.1.2.2).
    """
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject[0])
        .public_key(subject[1])
        .issuer_name(issuer[0])
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(subject[1]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key()), critical=False)
    )
    for extension in extensions:
        # Critical as RFC 5280 has it: 4.2.1.9 and 4.2.1.10 MUST, 4.2.1.3 SHOULD, a SAN beside a subject not (4.2.1.6).
        critical = isinstance(extension, x509.BasicConstraints | x509.KeyUsage | x509.NameConstraints)
        builder = builder.add_extension(extension, critical)
    return pem.encode_certificates([builder.sign(issuer[1], hashes.SHA256())])


def _usage(*, authority: bool) -> x509.KeyUsage:
    """RFC 5280 4.2.1.3. An EC key in TLS signs and does no more (RFC 8446 4.4.2.2)."""
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _backdated(now: datetime) -> datetime:
    return now.replace(microsecond=0) - BACKDATED


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _generate() -> ec.EllipticCurvePrivateKey:
    """P-256 with SHA-256: what every client can verify (RFC 8446 9.1), and Apple takes (support.apple.com 103769)."""
    return ec.generate_private_key(ec.SECP256R1())


def _load_key(key_pem: Pem) -> ec.EllipticCurvePrivateKey:
    return cast(ec.EllipticCurvePrivateKey, serialization.load_pem_private_key(key_pem, password=None))
