"""Certificates made for one test: a root, its intermediate, and leaves good and bad."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(
        self,
        name: str,
        *,
        ca: bool = False,
        names: Iterable[str] = (),
        addresses: Iterable[str] = (),
        starts: timedelta = -DAY,
        ends: timedelta = 30 * DAY,
        key_ids: bool = True,
        purpose: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.SERVER_AUTH,
        key: Key | None = None,
    ) -> "Identity":
        """A certificate issued by this one; without names and addresses it has no SAN, without `purpose` no EKU."""
        return _make(
            name,
            self,
            ca=ca,
            names=names,
            addresses=addresses,
            starts=starts,
            ends=ends,
            key_ids=key_ids,
            purpose=purpose,
            key=key,
        )

    def write_chain(self, path: Path, *others: "Identity") -> Path:
        """Key, certificate and `others` in one PEM file, as ssl.SSLContext.load_cert_chain takes it."""
        path.write_bytes(self.key_pem + self.pem + b"".join(other.pem for other in others))
        return path


@dataclass(frozen=True)
class Authority:
    """root -> intermediate -> leaves."""

    root: Identity = field(default_factory=lambda: _make("Test Root", None, ca=True))
    intermediate: Identity = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "intermediate", self.root.sign("Test Intermediate", ca=True))


def _make(
    name: str,
    issuer: Identity | None,
    *,
    ca: bool = False,
    names: Iterable[str] = (),
    addresses: Iterable[str] = (),
    starts: timedelta = -DAY,
    ends: timedelta = 30 * DAY,
    key_ids: bool = True,
    purpose: x509.ObjectIdentifier | None = None,
    key: Key | None = None,
) -> Identity:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_name, issuer_key = (issuer.certificate.subject, issuer.key) if issuer else (subject, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + starts)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(_usage(ca=ca), critical=True)
    )
    if key_ids:
        own, issuers = key.public_key(), issuer_key.public_key()
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(own), critical=False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuers), critical=False
        )
    if purpose and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    general = [*map(x509.DNSName, names), *(x509.IPAddress(ip_address(address)) for address in addresses)]
    if general:
        builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
    return Identity(builder.sign(issuer_key, hashes.SHA256()), key)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
