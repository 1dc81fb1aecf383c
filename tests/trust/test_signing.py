"""What is signed is what openssl verifies, and gives back to the byte."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from app.trust import pem
from app.trust.signing import is_signed_with, sign
from tests.trust.minting import NOW, SERVER, dns, mint, mint_authority

ROOT = mint_authority("Root")
INTERMEDIATE = mint_authority("Intermediate", ROOT)
KEYS: dict[str, pem.PrivateKey] = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "RSA 2048": rsa.generate_private_key(65537, 2048),
}
LEAVES = {name: mint("leaf", INTERMEDIATE, dns("dns.example.org"), SERVER, key=key) for name, key in KEYS.items()}
CHAINS = {name: pem.Pem(leaf.pem + INTERMEDIATE.pem) for name, leaf in LEAVES.items()}
PAIRS = {name: pem.Pem(LEAVES[name].key_pem + chain) for name, chain in CHAINS.items()}


def verify(signed: bytes, root: bytes, folder: Path) -> bytes:
    """The content, if openssl trusts who signed it. Raises CalledProcessError."""
    (folder / "signed").write_bytes(signed)
    (folder / "root.pem").write_bytes(root)
    # The certificate is one for servers, which is no reason against it for profiles.
    command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", "signed", "-CAfile", "root.pem"]
    command += ["-purpose", "sslserver", "-attime", f"{NOW.timestamp():.0f}", "-binary"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "content", [b"<plist/>\n", b"line\r\nline\nline\r\0\xff", b"x" * 100_000], ids=["text", "binary", "long"]
)
def test_openssl_verifies_against_the_root_and_gets_the_same_bytes(tmp_path: Path, key: str, content: bytes) -> None:
    assert verify(sign(content, PAIRS[key]), ROOT.pem, tmp_path) == content


def test_openssl_refuses_another_root_and_a_changed_octet(tmp_path: Path) -> None:
    signed = sign(b"content", PAIRS["P-256"])
    with pytest.raises(subprocess.CalledProcessError, match="non-zero") as caught:
        verify(signed, mint_authority("Root").pem, tmp_path)
    assert b"certificate verify error" in caught.value.stderr
    with pytest.raises(subprocess.CalledProcessError) as caught:
        verify(signed.replace(b"content", b"Content"), ROOT.pem, tmp_path)
    assert b"content verify error" in caught.value.stderr


@given(st.binary(min_size=1, max_size=300))
def test_the_content_is_inside_and_unchanged(content: bytes) -> None:
    assert content in sign(content, PAIRS["P-256"])


def test_knows_the_chain_that_it_was_signed_with() -> None:
    signed = sign(b"content", PAIRS["P-256"])
    assert is_signed_with(signed, CHAINS["P-256"])
    assert not is_signed_with(signed, CHAINS["P-384"])
    assert not is_signed_with(signed, pem.Pem(LEAVES["P-256"].pem))


def test_what_nobody_signed_is_not_signed_with_it() -> None:
    assert not is_signed_with(b"", CHAINS["P-256"])
    assert not is_signed_with(sign(b"content", PAIRS["P-256"])[:500], CHAINS["P-256"])


def test_the_private_key_is_not_in_it() -> None:
    secret = KEYS["P-256"].private_numbers().private_value.to_bytes(32, "big")  # type: ignore[union-attr]
    assert secret not in sign(b"content", PAIRS["P-256"])
