"""A forwarder inside the tests' internet: a second unbound, asked in plain or over TLS as `forward.test`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.flags
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.internet.servers import program, running, until_answering

NAME = "forward.test"
TLS_PORT = 5301  # not 853, which an appliance under test takes on every address
PLAIN_PORT = 5300


@contextmanager
def forwarder(folder: Path, address: str, root_hints: Path, trust_anchor: Path) -> Iterator[Path]:
    """Run it on `address`; gives the CA bundle (PEM) that verifies its certificate."""
    bundle, chain, key = _certificate(folder)
    configuration = folder / "forwarder.conf"
    configuration.write_text(
        f"""server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  interface: {address}@{PLAIN_PORT}
  interface: {address}@{TLS_PORT}
  tls-port: {TLS_PORT}
  tls-service-pem: "{chain}"
  tls-service-key: "{key}"
  root-hints: "{root_hints}"
  trust-anchor-file: "{trust_anchor}"
  do-not-query-localhost: no
  local-zone: "test." nodefault
  ede: yes
  discard-timeout: 0
  wait-limit: 0
"""
    )
    log = folder / "forwarder.log"
    with running([program("unbound", "unbound"), "-d", "-c", str(configuration)], log) as process:
        until_answering(process, log, address, PLAIN_PORT, name="signed.test.", flag=dns.flags.AD)
        yield bundle


def _certificate(folder: Path) -> tuple[Path, Path, Path]:
    """CA bundle, server chain and server key, as files."""
    ca_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name, leaf_name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Test forwarder CA", NAME)
    )
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key(), ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage_of_a_ca(), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    leaf = (
        _builder(leaf_name, ca_name, leaf_key.public_key(), ca_key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    bundle, chain, key = (folder / f"forwarder-{part}.pem" for part in ("ca", "chain", "key"))
    bundle.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    chain.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return bundle, chain, key


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    )


def _key_usage_of_a_ca() -> x509.KeyUsage:
    return x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=True,
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
