"""Signs what is given to devices, as they verify it: CMS SignedData (RFC 5652), DER, with the content inside. Pure."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from . import pem


def sign(content: bytes, pair_pem: pem.Pem) -> bytes:
    """`content`, byte for byte, signed with the private key in `pair_pem` and with the chain that follows it there.

    A device that trusts the chain's root shows who signed. The time of signing is in it, so no two are the same.
    """
    leaf, *others = x509.load_pem_x509_certificates(pair_pem)
    builder = (
        pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(leaf, pem.private_key(pair_pem), hashes.SHA256())
    )
    for link in others:
        builder = builder.add_certificate(link)
    # Binary: no line end is touched. NoCapabilities: those are about encrypting mail.
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities])


def is_signed_with(signed: bytes, chain_pem: pem.Pem) -> bool:
    """Whether `sign` made it with this very chain."""
    try:
        embedded = pkcs7.load_der_pkcs7_certificates(signed)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return set(embedded) == set(x509.load_pem_x509_certificates(chain_pem))
