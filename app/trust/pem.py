"""PEM <-> certificates and private keys. Pure.

Each parser raises ValueError with the end of a sentence that begins with the file's name: "holds no ...".
"""

import base64
import re
from collections.abc import Iterable, Sequence
from typing import NewType

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

Pem = NewType("Pem", bytes)
"""Certificates or private keys, one or more, as text (RFC 7468): what was parsed once, or what we made."""

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

REFUSED_KIND = "is a kind of key that devices refuse: use P-256, P-384, or RSA of 2048 bits or more"

_CERTIFICATE, _PRIVATE_KEY, _REQUEST = b" CERTIFICATE-----", b" PRIVATE KEY-----", b" CERTIFICATE REQUEST-----"
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_OTHERS = {
    _REQUEST: ", but a request: use the certificate that came back for it",
    _CERTIFICATE: ", but a certificate: give each file its place",
    _PRIVATE_KEY: ", but a private key: give each file its place",
}

_UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


def certificates(content: bytes) -> list[x509.Certificate]:
    """The certificates in `content`, one or more, in its order. Raises ValueError."""
    try:
        found = x509.load_pem_x509_certificates(content)
        for certificate in found:
            # These are parsed when they are asked for, and not before.
            certificate.public_key()
            iter(certificate.extensions)
            _ = certificate.signature_hash_algorithm
    except _UNREADABLE as error:
        raise ValueError(f"holds no certificate in PEM that can be read{_instead(content, _CERTIFICATE)}") from error
    return found


def mentioning(content: bytes, names: Iterable[x509.Name]) -> list[x509.Certificate]:
    """Those certificates in a large bundle that have one of `names` as issuer or subject. Raises ValueError.

    The others are not parsed: bundles hold some that are too old for the library.
    """
    needles = {name.public_bytes() for name in names}
    blocks = (base64.b64decode(block) for block in _BLOCK.findall(content))
    return [x509.load_der_x509_certificate(der) for der in blocks if any(needle in der for needle in needles)]


def private_key(content: bytes) -> PrivateKey:
    """The private key in `content`. Raises ValueError, also when it is encrypted, or of a kind that devices refuse."""
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except TypeError as error:
        raise ValueError(
            "is encrypted, and nobody is there to type the password: "
            "decrypt it once with `openssl pkey -in KEY -out DECRYPTED`"
        ) from error
    except _UNREADABLE as error:
        raise ValueError(f"holds no private key in PEM that can be read{_instead(content, _PRIVATE_KEY)}") from error
    # RSA of 2048 bits or more and EC are what Apple takes (support.apple.com 103769); OpenSSL agrees.
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in {"secp256r1", "secp384r1", "secp521r1"}:
        return key
    raise ValueError(REFUSED_KIND)


def encode_certificates(chain: Sequence[x509.Certificate]) -> Pem:
    """The certificates as PEM, without the text that files may carry between them."""
    return Pem(b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in chain))


def encode_key(key: PrivateKey) -> Pem:
    """The private key as PEM: PKCS #8, not encrypted."""
    return Pem(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's name and the signature in `certificate` are those of `issuer`."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _instead(content: bytes, wanted: bytes) -> str:
    """What a file holds instead of what is `wanted`, as far as that can be told: two files are easily swapped."""
    if not content:
        return ": it is empty"
    if content.startswith(b"\x30"):  # an ASN.1 SEQUENCE, which all binary forms are
        return ", but DER or PKCS #12: convert it with `openssl x509`, `openssl pkey` or `openssl pkcs12`"
    if wanted in content:
        return ""
    return next((words for mark, words in _OTHERS.items() if mark in content), "")
