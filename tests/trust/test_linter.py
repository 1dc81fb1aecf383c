"""What a certificate linter says to the authority and its leaf: RFC 5280, line by line."""

import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from app.trust import pem
from app.trust.authority import issue_leaf, new_authority, new_key
from app.trust.constraints import Names
from tests.trust.minting import NOW, mint

ADDRESSES = (ip_address("192.168.1.10"), ip_address("fd00::10"))


def lint(*certificates: bytes, folder: Path) -> str:
    """What pkilint finds in one certificate, or in an issuer and what it issued; nothing when all is well."""
    tool = "lint_pkix_cert" if len(certificates) == 1 else "lint_pkix_signer_signee_cert_chain"
    paths = [folder / f"{number}.pem" for number in range(len(certificates))]
    for path, certificate in zip(paths, certificates, strict=True):
        path.write_bytes(certificate)
    command = [sys.executable, "-m", f"pkilint.bin.{tool}", "lint", "-s", "NOTICE", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode == 0) == (not done.stdout.strip()), done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("hostname", ["dns.home.arpa", "dns.example.com"])
def test_finds_nothing_in_root_intermediate_and_leaf(tmp_path: Path, hostname: str) -> None:
    made = new_authority(Names(hostname, ADDRESSES), NOW)
    chain = x509.load_pem_x509_certificates(issue_leaf(made, new_key(), Names(hostname, ADDRESSES), NOW))
    leaf = pem.encode_certificates(chain[:1])
    for certificate in (made.root_pem, made.intermediate_pem, leaf):
        assert lint(certificate, folder=tmp_path) == ""
    assert lint(made.root_pem, made.intermediate_pem, folder=tmp_path) == ""
    assert lint(made.intermediate_pem, leaf, folder=tmp_path) == ""


def test_finds_what_is_wrong_in_another_one(tmp_path: Path) -> None:
    limits = x509.NameConstraints([x509.DNSName("home.arpa")], None)
    careless = mint("Authority", None, x509.BasicConstraints(ca=True, path_length=1), limits)
    assert "name_constraints_extension_not_critical (ERROR)" in lint(careless.pem, folder=tmp_path)
    made = new_authority(Names("dns.home.arpa", ()), NOW)
    assert "issuer" in lint(made.root_pem, careless.pem, folder=tmp_path)
