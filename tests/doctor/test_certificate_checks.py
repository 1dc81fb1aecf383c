"""Certificates that are wrong in one way, on real servers."""

import ssl
import subprocess
from datetime import timedelta
from pathlib import Path

import dns.message
import dns.rcode
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.doctor import causes, certificate_checks, probe
from app.doctor.target import Verdict
from tests.fakes.dot_server import DotServer
from tests.fakes.pki import Authority, Identity, Key

from .examining import NAME, box, faults

DAY = timedelta(days=1)


def test_passes_a_chain_that_includes_the_root(authority: Authority, good_leaf: Identity, tmp_path: Path) -> None:
    path = good_leaf.write_chain(tmp_path / "chain.pem", authority.intermediate, authority.root)
    with DotServer(path) as server:
        assert faults(server, authority) == {}


def test_finds_a_root_that_did_not_issue_the_certificate(good_chain: Path) -> None:
    stranger = Authority()
    with DotServer(good_chain) as server:
        found = faults(server, stranger)
    assert set(found) == {"certificate chain"}
    assert found["certificate chain"].detail.endswith("is followed by CN=Test Root, which did not issue it")


def test_finds_a_missing_intermediate(authority: Authority, good_leaf: Identity, tmp_path: Path) -> None:
    with DotServer(good_leaf.write_chain(tmp_path / "chain.pem")) as server:
        found = faults(server, authority)
    assert set(found) == {"certificate chain"}
    assert found["certificate chain"].remedy == certificate_checks.CHAIN


def test_finds_a_chain_in_the_wrong_order(authority: Authority, good_leaf: Identity, tmp_path: Path) -> None:
    path = good_leaf.write_chain(tmp_path / "chain.pem", authority.root, authority.intermediate)
    with DotServer(path) as server:
        found = faults(server, authority)
    assert set(found) == {"certificate chain"}
    assert found["certificate chain"].detail == "CN=leaf is followed by CN=Test Root, which did not issue it"


def test_finds_a_certificate_for_another_name(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.intermediate.sign("leaf", names=["old.home.arpa"], addresses=["127.0.0.1"])
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = faults(server, authority)
    assert set(found) == {"certificate names"}
    assert found["certificate names"].detail == (
        "dns.home.arpa is missing; the certificate is for old.home.arpa, 127.0.0.1"
    )
    assert found["certificate names"].remedy == certificate_checks.NAME


def test_finds_a_wildcard_that_is_too_wide(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.intermediate.sign("leaf", names=["*.arpa"], addresses=["127.0.0.1"])
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = faults(server, authority, hostname="dns.arpa")
    assert found["certificate names"].detail == "dns.arpa is missing; the certificate is for *.arpa, 127.0.0.1"


def test_finds_a_certificate_without_the_address(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.intermediate.sign("leaf", names=[NAME], addresses=["192.168.1.10"])
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = faults(server, authority)
    assert set(found) == {"certificate names"}
    assert found["certificate names"].detail.startswith("127.0.0.1 is missing; the certificate is for dns.home.arpa")


def test_finds_a_certificate_without_names(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.intermediate.sign(NAME)
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = faults(server, authority)
    assert found["certificate names"].detail == "the certificate has no subject alternative name"


@pytest.mark.parametrize(
    ("starts", "ends", "check", "detail", "remedy"),
    [
        (-3 * DAY, -DAY, "certificate dates", "expired on", certificate_checks.RENEW),
        (DAY, 3 * DAY, "clock", "the clock of this machine is wrong: it says ", causes.SET_THE_CLOCK),
    ],
)
def test_finds_a_certificate_out_of_its_time(
    authority: Authority, tmp_path: Path, *, starts: timedelta, ends: timedelta, check: str, detail: str, remedy: str
) -> None:
    leaf = authority.intermediate.sign("leaf", names=[NAME], addresses=["127.0.0.1"], starts=starts, ends=ends)
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = faults(server, authority)
    assert set(found) == {check}
    assert found[check].detail.startswith(detail)
    assert found[check].remedy == remedy


@pytest.mark.parametrize(
    ("starts", "ends", "detail"),
    [(-DAY, 825 * DAY, "valid for 826 days; Apple's devices accept 825"), (-160 * DAY, 20 * DAY, "only valid until")],
)
def test_finds_a_certificate_that_lives_too_long_or_was_not_renewed(
    authority: Authority, tmp_path: Path, starts: timedelta, ends: timedelta, detail: str
) -> None:
    leaf = authority.intermediate.sign("leaf", names=[NAME], addresses=["127.0.0.1"], starts=starts, ends=ends)
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = faults(server, authority)
    assert set(found) == {"certificate dates"}
    assert found["certificate dates"].detail.startswith(detail)


@pytest.mark.parametrize(
    ("life_h", "left_h", "verdict"),
    [
        (2160, 720, Verdict.PASS),
        (2160, 480, Verdict.WARNING),
        (2160, 160, Verdict.FAIL),
        (160, 159, Verdict.PASS),
        (160, 41, Verdict.PASS),
        (160, 39, Verdict.WARNING),
        (160, 15, Verdict.FAIL),
        (24, 8, Verdict.PASS),
        (24, 2, Verdict.FAIL),
    ],
)
def test_a_users_certificate_is_late_by_shares_of_its_life(
    authority: Authority, tmp_path: Path, life_h: int, left_h: int, verdict: Verdict
) -> None:
    ends = timedelta(hours=left_h)
    leaf = authority.intermediate.sign("leaf", names=[NAME], starts=ends - timedelta(hours=life_h), ends=ends)
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = certificate_checks.dates(box(server.port, None))
    assert found.verdict is verdict
    assert "valid until" in found.detail


def test_trusts_the_systems_authorities_when_there_is_no_root(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, tmp_path, authority)
    leaf = authority.intermediate.sign("leaf", names=["*.home.arpa"])  # public authorities certify no private address
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        assert faults(server, None) == {}
        assert certificate_checks.strict_query(box(server.port, None)).detail.endswith("the system's authorities")


def trust(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: Authority) -> None:
    """Make `authority` one of the system's."""
    system = tmp_path / "system.pem"
    system.write_bytes(authority.root.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(system))


def test_refuses_what_only_a_lax_client_accepts(authority: Authority, tmp_path: Path) -> None:
    """A leaf without key identifiers (RFC 5280 4.2.1.1) passes OpenSSL's default and not the strict one."""
    leaf = authority.intermediate.sign("leaf", names=[NAME], addresses=["127.0.0.1"], key_ids=False)
    context = ssl.create_default_context(cadata=authority.root.pem.decode())
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        with probe.connect("127.0.0.1", server.port, context, NAME, 5) as connection:
            assert connection.alpn is None
        found = faults(server, authority)
    assert set(found) == {"strict query"}
    assert "Missing Authority Key Identifier" in found["strict query"].detail


def test_finds_an_error_code_for_localhost(authority: Authority, good_chain: Path) -> None:
    def refuse(query: bytes) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(query))
        response.set_rcode(dns.rcode.REFUSED)
        return response.to_wire()

    with DotServer(good_chain, refuse) as server:
        assert faults(server, authority)["strict query"].detail == "localhost was answered with REFUSED"


@pytest.mark.parametrize(
    ("purpose", "detail"),
    [(None, "the certificate has no extended key usage"), (ExtendedKeyUsageOID.CLIENT_AUTH, "is not for servers")],
)
def test_finds_a_certificate_that_is_not_for_servers(
    authority: Authority, tmp_path: Path, purpose: None, detail: str
) -> None:
    leaf = authority.intermediate.sign("leaf", names=[NAME], addresses=["127.0.0.1"], purpose=purpose)
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = faults(server, authority)
    assert detail in found["certificate use"].detail
    # OpenSSL would let a missing extension pass; Apple does not.
    assert set(found) == {"certificate use"}


def test_finds_a_server_that_shows_an_authority(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.root.sign("Test Intermediate", ca=True, names=[NAME], addresses=["127.0.0.1"])
    with DotServer(leaf.write_chain(tmp_path / "chain.pem")) as server:
        assert "is one of an authority" in certificate_checks.use(box(server.port, authority)).detail


@pytest.mark.parametrize(
    ("key", "detail"),
    [
        (rsa.generate_private_key(65537, 1024), "the key is RSA of 1024 bits"),  # noqa: S505 - weak is the point
        (ed25519.Ed25519PrivateKey.generate(), "the key is Ed25519"),
    ],
    ids=["short", "odd"],
)
def test_finds_a_key_that_phones_refuse(authority: Authority, tmp_path: Path, key: Key, detail: str) -> None:
    leaf = authority.intermediate.sign("leaf", names=[NAME], addresses=["127.0.0.1"], key=key)
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate), lax=True) as server:
        assert detail in certificate_checks.key(box(server.port, authority)).detail


@pytest.mark.server
def test_finds_a_signature_that_clients_refuse(authority: Authority, good_leaf: Identity, tmp_path: Path) -> None:
    names = {"leaf": good_leaf.key_pem, "issuer": authority.intermediate.pem + authority.intermediate.key_pem}
    for name, pem in names.items():
        (tmp_path / name).write_bytes(pem)
    request = ["openssl", "req", "-new", "-key", "leaf", "-subj", "/CN=leaf"]
    asked = subprocess.run(request, cwd=tmp_path, capture_output=True, timeout=30, check=True).stdout
    sign = ["openssl", "x509", "-req", "-sha1", "-CA", "issuer", "-CAkey", "issuer"]
    signed = subprocess.run(sign, cwd=tmp_path, input=asked, capture_output=True, timeout=30, check=True).stdout
    chain = tmp_path / "chain.pem"
    chain.write_bytes(good_leaf.key_pem + signed)
    with DotServer(chain, lax=True) as server:
        found = certificate_checks.key(box(server.port, authority))
    assert found.detail == "CN=leaf is signed with sha1, which clients refuse"


def test_finds_another_key_than_the_one_shown(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain) as server:
        found = faults(server, authority, spki_pin="A" * 43 + "=")
    assert set(found) == {"certificate key"}
    assert found["certificate key"].detail.endswith("not the one that devices were shown")


def test_a_private_authority_of_the_users_passes_when_its_root_is_named(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.intermediate.sign("leaf", names=[NAME])
    bundle = Authority().root.pem + authority.root.pem
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        unnamed = faults(server, None)
        assert set(unnamed) == {"strict query"}
        assert "set `tls.root`" in unnamed["strict query"].remedy
        assert faults(server, None, private_root_pem=bundle.decode()) == {}
        found = faults(server, None, private_root_pem=Authority().root.pem.decode())
    assert set(found) == {"certificate chain"}
