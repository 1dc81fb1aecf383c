"""Certificates that our own authority would not make: any names, any extensions, any signature."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.trust import pem
from app.trust.authority import Authority

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


@dataclass(frozen=True)
class Minted:
    certificate: x509.Certificate
    key: pem.PrivateKey

    @property
    def pem(self) -> bytes:
        return pem.encode_certificates([self.certificate])

    @property
    def key_pem(self) -> bytes:
        return pem.encode_key(self.key)


def mint(
    name: str,
    issuer: Minted | None,
    *extensions: x509.ExtensionType,
    begin: datetime = NOW - timedelta(days=1),
    days: float = 90,
    key: pem.PrivateKey | None = None,
) -> Minted:
    """A certificate with CN `name`, self-signed without an issuer."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = common_name(name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
    )
    signer = issuer.key if issuer else key
    identifiers: list[x509.ExtensionType] = [
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
    ]
    for extension in (*identifiers, *extensions):
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return Minted(builder.sign(signer, hashes.SHA256()), key)


def common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def mint_authority(name: str, issuer: Minted | None = None, begin: datetime = NOW - timedelta(days=1)) -> Minted:
    return mint(name, issuer, x509.BasicConstraints(ca=True, path_length=None), begin=begin)


def mint_leaf(
    issuer: Minted | None, *names: str, begin: datetime = NOW - timedelta(days=1), days: float = 90
) -> Minted:
    return mint("leaf", issuer, dns(*names), SERVER, begin=begin, days=days)


def dns(*names: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in names])


def stolen(authority: Authority) -> Minted:
    """The intermediate in the hands of a thief."""
    return Minted(
        x509.load_pem_x509_certificate(authority.intermediate_pem), pem.private_key(authority.intermediate_key_pem)
    )
