"""Jobs for tests: everything about a name at DuckDNS."""

from dataclasses import replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.publicname.contract import NameJob
from tests.fakes.name_provider import TOKEN

NAME = "mybox.duckdns.org"


def request_pem(*names: str) -> str:
    """A request of a new key (CSR, RFC 2986)."""
    key = ec.generate_private_key(ec.SECP256R1())
    san = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(san, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def job(**more: Any) -> NameJob:
    """One that asks for nothing, but for what is in `more`."""
    nothing = NameJob(
        name=NAME,
        provider="duckdns",
        server=None,
        token=TOKEN,
        hook=None,
        resolver_port=1,
        roots_pem="",
        addresses=None,
        directory="https://ca.invalid/dir",
        authority_roots_pem="",
        account=None,
        eab_id=None,
        eab_key=None,
        profile=None,
        request_pem=None,
        chain_pem=None,
    )
    return replace(nothing, **more)
