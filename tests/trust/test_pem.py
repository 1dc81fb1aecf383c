import contextlib
import subprocess
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given
from hypothesis import strategies as st

from app.trust import pem
from tests.trust.minting import common_name, mint_authority, mint_leaf

ROOT = mint_authority("Root")
LEAF = mint_leaf(ROOT, "dns.home.arpa")


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP256R1()),
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: rsa.generate_private_key(65537, 2048),
    ],
)
def test_a_key_survives_the_way_to_text_and_back(make: Callable[[], pem.PrivateKey]) -> None:
    key = make()
    assert pem.private_key(pem.encode_key(key)).public_key() == key.public_key()


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
def test_reads_keys_in_both_forms_that_tools_write(form: serialization.PrivateFormat) -> None:
    text = LEAF.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    assert pem.private_key(text).public_key() == LEAF.key.public_key()


def test_reads_a_key_that_openssl_wrote_with_its_parameters_before_it() -> None:
    command = ["openssl", "ecparam", "-genkey", "-name", "prime256v1"]
    text = subprocess.run(command, capture_output=True, check=True).stdout
    assert text.startswith(b"-----BEGIN EC PARAMETERS")
    assert pem.private_key(text)


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
def test_refuses_an_encrypted_key_and_says_how_to_decrypt_it(form: serialization.PrivateFormat) -> None:
    locked = LEAF.key.private_bytes(serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"secret"))
    with pytest.raises(ValueError, match=r"is encrypted.*openssl pkey"):
        pem.private_key(locked)


@pytest.mark.parametrize(
    "make",
    [
        ed25519.Ed25519PrivateKey.generate,
        lambda: dsa.generate_private_key(2048),
        lambda: ec.generate_private_key(ec.SECP256K1()),
        lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - the weak key is the point
    ],
)
def test_refuses_kinds_of_keys_that_devices_refuse(make: Callable[[], serialization.PrivateFormat]) -> None:
    text = make().private_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="devices refuse"):
        pem.private_key(text)


def test_certificates_survive_in_order_without_the_text_between_them() -> None:
    text = b"subject=leaf\n" + LEAF.pem + b"\nissuer follows\n" + LEAF.key_pem + ROOT.pem
    found = pem.certificates(text)
    assert found == [LEAF.certificate, ROOT.certificate]
    assert pem.encode_certificates(found) == LEAF.pem + ROOT.pem


def test_finds_in_a_bundle_who_has_a_name_and_parses_no_other() -> None:
    text = ROOT.pem + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + mint_authority("Other").pem
    assert pem.mentioning(text, [LEAF.certificate.issuer]) == [ROOT.certificate]
    assert pem.mentioning(text, [common_name("Nobody")]) == []


@given(st.binary(max_size=200), st.integers(0, len(ROOT.pem)))
def test_a_damaged_bundle_is_a_value_error_or_holds_less(rubbish: bytes, place: int) -> None:
    with contextlib.suppress(ValueError):
        found = pem.mentioning(ROOT.pem[:place] + rubbish + ROOT.pem[place:], [ROOT.certificate.subject])
        assert len(found) <= 1


P12 = pkcs12.serialize_key_and_certificates(b"leaf", LEAF.key, LEAF.certificate, None, serialization.NoEncryption())
REQUEST = x509.CertificateSigningRequestBuilder().subject_name(common_name("leaf")).sign(LEAF.key, hashes.SHA256())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (LEAF.certificate.public_bytes(serialization.Encoding.DER), "but DER or PKCS #12: convert it"),
        (P12, "but DER or PKCS #12: convert it"),
        (REQUEST.public_bytes(serialization.Encoding.PEM), "a request: use the certificate that came back"),
        (LEAF.key_pem, "a private key: give each file its place"),
        (LEAF.pem[:99] + LEAF.key_pem, "holds no certificate in PEM that can be read$"),
        (b"nonsense", "holds no certificate in PEM that can be read$"),
    ],
    ids=["nothing", "DER", "PKCS #12", "request", "key", "broken, and a key", "nonsense"],
)
def test_says_what_a_file_without_certificate_is(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pem.certificates(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (LEAF.pem, "a certificate: give each file its place"),
        (P12, "but DER or PKCS #12: convert it"),
        (b"nonsense", "holds no private key in PEM that can be read$"),
    ],
    ids=["nothing", "certificate", "PKCS #12", "nonsense"],
)
def test_says_what_a_file_without_private_key_is(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pem.private_key(content)


@given(st.binary(max_size=200), st.integers(0, len(LEAF.pem)))
def test_any_damage_is_a_value_error_and_nothing_else(rubbish: bytes, place: int) -> None:
    for text in (rubbish, LEAF.pem[:place] + rubbish + LEAF.pem[place:], LEAF.pem[:place]):
        for parse in (pem.certificates, pem.private_key):
            with contextlib.suppress(ValueError):
                parse(text)


def test_knows_who_issued_what() -> None:
    impostor = mint_authority("Root")
    assert pem.is_issued_by(LEAF.certificate, ROOT.certificate)
    assert not pem.is_issued_by(LEAF.certificate, impostor.certificate)
    assert not pem.is_issued_by(ROOT.certificate, LEAF.certificate)
