"""Two installations: one with an authority of its own, one with the user's certificate."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from app.onboarding.enrolment import Enrolment
from app.unbound.reach import ROOT_ANSWERED


@pytest.fixture(scope="session")
def root_named() -> Callable[[str], x509.Certificate]:
    """Makes root certificates with a common name."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)

    def make(common_name: str) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        return (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .sign(key, SHA256())
        )

    return make


@pytest.fixture(scope="session")
def root(root_named: Callable[[str], x509.Certificate]) -> x509.Certificate:
    return root_named("Homedot DNS CA 1a2b3c")


@pytest.fixture(scope="session")
def own_authority(root: x509.Certificate) -> Enrolment:
    return Enrolment(
        hostname="dns.home.arpa",
        addresses=(ip_address("192.168.1.10"), ip_address("fd00::10")),
        dot_port=853,
        plain_port=None,
        web_port=8853,
        root_pem=root.public_bytes(Encoding.PEM).decode(),
        root_sha256=root.fingerprint(SHA256()).hex(":").upper(),
        spki_pin="q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
        not_after=datetime(2099, 1, 2, 12, tzinfo=UTC),
        resolver="recursive",
        resolver_reason=ROOT_ANSWERED,
    )


@pytest.fixture(scope="session")
def users_certificate(own_authority: Enrolment) -> Enrolment:
    return replace(own_authority, hostname="dns.example.org", root_pem=None, root_sha256=None)
