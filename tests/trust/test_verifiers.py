"""What real verifiers say to our chains, and to what a thief of the intermediate's key could make."""

import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.trust import pem
from app.trust.authority import Authority, issue_leaf, new_authority, new_key
from app.trust.constraints import Names
from app.trust.store import Identity, ensure_own
from tests.trust.minting import SERVER, dns, mint, mint_authority, mint_leaf, stolen

pytestmark = pytest.mark.server

HOSTNAME = "dns.home.arpa"
ADDRESSES = (ip_address("192.168.1.10"), ip_address("fd00::10"))
NAMES = (HOSTNAME, "192.168.1.10", "fd00::10", "127.0.0.1", "::1")
NOW = datetime.now(UTC)
YESTERDAY = NOW - timedelta(days=1)
# The default of Python 3.13's create_default_context, which also runs on the older ones.
STRICT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = new_authority(Names(HOSTNAME, ADDRESSES), NOW)
    (tmp_path / "root.pem").write_bytes(made.root_pem)
    return made


@pytest.fixture
def good(authority: Authority, tmp_path: Path) -> Path:
    return write(tmp_path / "good.pem", issue_leaf(authority, new_key(), Names(HOSTNAME, ADDRESSES), NOW))


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def run(*command: str | Path) -> str:
    """Nothing when the program is content, else what it said."""
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout + done.stderr if done.returncode else ""


def openssl(chain: Path, *more: str) -> str:
    root = chain.with_name("root.pem")
    return run("openssl", "verify", "-x509_strict", "-CAfile", root, "-untrusted", chain, *more, chain)


def openssl_name(chain: Path, name: str) -> str:
    return openssl(chain, "-verify_hostname" if name.endswith(("arpa", "example")) else "-verify_ip", name)


def gnutls(chain: Path, name: str) -> str:
    root, purpose = f"--load-ca-certificate={chain.with_name('root.pem')}", "--verify-purpose=1.3.6.1.5.5.7.3.1"
    return run("certtool", "--verify", root, purpose, f"--verify-hostname={name}", f"--infile={chain}")


def nss(chain: Path) -> str:
    folder = chain.with_suffix(".nss")
    folder.mkdir()
    database = f"sql:{folder}"
    subprocess.run(["certutil", "-N", "-d", database, "--empty-password"], check=True)
    add_root: list[str | Path] = [
        "certutil",
        "-A",
        "-d",
        database,
        "-n",
        "root",
        "-t",
        "C,,",
        "-a",
        "-i",
        chain.with_name("root.pem"),
    ]
    subprocess.run(add_root, check=True)
    links = [
        write(folder / f"{number}.pem", pem.encode_certificates([link]))
        for number, link in enumerate(x509.load_pem_x509_certificates(chain.read_bytes()))
    ]
    arguments = [argument for link in links for argument in ("-a", link)]
    return run("vfychain", "-pp", "-u", "1", "-d", database, *arguments)


def handshake(identity: Identity, folder: Path, name: str) -> None:
    """A whole handshake over memory, with the client as strict as Python 3.13. Raises ssl.SSLError."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(write(folder / "pair.pem", identity.pair_pem))
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.verify_flags |= STRICT
    client_context.load_verify_locations(cadata=(identity.root_pem or b"").decode())
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(down, up, server_hostname=name)
    server = server_context.wrap_bio(up, down, server_side=True)
    waiting = [client, server]
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)
    assert not waiting
    assert client.getpeercert()


@pytest.mark.parametrize("name", NAMES)
def test_openssl_strict_and_gnutls_accept_every_name(good: Path, name: str) -> None:
    assert openssl_name(good, name) == ""
    assert gnutls(good, name) == ""


@pytest.mark.parametrize("name", ["other.home.arpa", "192.168.1.11"])
def test_openssl_and_gnutls_refuse_another_name(good: Path, name: str) -> None:
    assert "mismatch" in openssl_name(good, name)
    assert "does not match" in gnutls(good, name)


def test_nss_accepts_the_chain(good: Path) -> None:
    assert nss(good) == ""


@pytest.mark.parametrize("name", NAMES)
def test_python_in_its_strictest_form_shakes_hands_by_every_name(tmp_path: Path, name: str) -> None:
    handshake(ensure_own(tmp_path, Names(HOSTNAME, ADDRESSES), NOW), tmp_path, name)


@pytest.mark.parametrize("name", ["other.home.arpa", "192.168.1.11"])
def test_python_refuses_another_name(tmp_path: Path, name: str) -> None:
    identity = ensure_own(tmp_path, Names(HOSTNAME, ADDRESSES), NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate is not valid for"):
        handshake(identity, tmp_path, name)


@pytest.mark.parametrize("target", ["bank.example", "8.8.8.8", "2001:4860:4860::8888"])
def test_a_stolen_intermediate_makes_no_certificate_for_the_web(
    authority: Authority, tmp_path: Path, target: str
) -> None:
    names = (
        dns(target) if target == "bank.example" else x509.SubjectAlternativeName([x509.IPAddress(ip_address(target))])
    )
    plain = x509.BasicConstraints(ca=False, path_length=None)
    leaf = mint("Homedot resolver", stolen(authority), plain, SERVER, names, begin=YESTERDAY)
    forged = write(tmp_path / "forged.pem", leaf.pem + authority.intermediate_pem)
    assert "permitted subtree violation" in openssl_name(forged, target)
    assert "constraints" in gnutls(forged, target).lower()
    assert "Chain is bad" in nss(forged)


def test_the_same_forgery_for_a_name_at_home_is_accepted_so_it_is_the_name_that_is_refused(
    authority: Authority, tmp_path: Path
) -> None:
    plain = x509.BasicConstraints(ca=False, path_length=None)
    leaf = mint("Homedot resolver", stolen(authority), plain, SERVER, dns("tv.home.arpa"), begin=YESTERDAY)
    forged = write(tmp_path / "forged.pem", leaf.pem + authority.intermediate_pem)
    assert openssl_name(forged, "tv.home.arpa") == gnutls(forged, "tv.home.arpa") == nss(forged) == ""


def test_a_stolen_intermediate_signs_no_mail_and_no_further_authority(authority: Authority, tmp_path: Path) -> None:
    thief = stolen(authority)
    mail = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    plain = x509.BasicConstraints(ca=False, path_length=None)
    sender = x509.SubjectAlternativeName([x509.RFC822Name("boss@bank.example")])
    leaf = mint("Boss", thief, plain, mail, sender, begin=YESTERDAY)
    forged = write(tmp_path / "mail.pem", leaf.pem + authority.intermediate_pem)
    assert "purpose" in openssl(forged, "-purpose", "smimesign")

    below = mint_authority("Sub", thief, begin=YESTERDAY)
    leaf = mint_leaf(below, HOSTNAME, begin=YESTERDAY)
    chain = write(tmp_path / "sub.pem", leaf.pem + below.pem + authority.intermediate_pem)
    assert "path length constraint exceeded" in openssl(chain)
