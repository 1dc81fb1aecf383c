import ssl
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.errors import OperatorError
from app.trust.own import WRONG_ORDER, load_own_certificate
from app.trust.store import Identity
from tests.trust.minting import NOW, SERVER, Minted, dns, mint, mint_authority, mint_leaf

HOSTNAME = "dns.example.com"
IS_CA = x509.BasicConstraints(ca=True, path_length=None)
ROOT = mint_authority("Root")
INTERMEDIATE = mint_authority("Intermediate", ROOT)
LEAF = mint_leaf(INTERMEDIATE, HOSTNAME)


def load(
    folder: Path,
    *chain: Minted,
    key: Minted | None = None,
    hostname: str = HOSTNAME,
    roots: Sequence[Minted] = (ROOT, INTERMEDIATE),
    private_root: Path | None = None,
) -> Identity:
    """With `roots` as those of the system."""
    (folder / "cert.pem").write_bytes(b"".join(link.pem for link in chain))
    (folder / "key.pem").write_bytes((key or chain[0]).key_pem)
    (folder / "roots.pem").write_bytes(b"".join(root.pem for root in roots))
    files = folder / "cert.pem", folder / "key.pem"
    return load_own_certificate(*files, hostname, NOW, folder / "roots.pem", private_root=private_root)


def faults(folder: Path, *chain: Minted, key: Minted | None = None, hostname: str = HOSTNAME) -> tuple[str, ...]:
    with pytest.raises(OperatorError) as caught:
        load(folder, *chain, key=key, hostname=hostname)
    return caught.value.faults


@pytest.mark.parametrize("chain", [(LEAF, INTERMEDIATE), (LEAF, INTERMEDIATE, ROOT), (LEAF,)])
def test_takes_a_chain_in_order_with_or_without_its_root(tmp_path: Path, chain: tuple[Minted, ...]) -> None:
    identity = load(tmp_path, *chain)
    assert identity.pair_pem == LEAF.key_pem + b"".join(link.pem for link in chain)
    assert (identity.root_pem, identity.root_sha256, identity.warnings) == (None, None, ())
    assert identity.not_after == NOW + timedelta(days=89)


def test_the_pair_is_one_that_a_tls_server_loads(tmp_path: Path) -> None:
    (tmp_path / "pair.pem").write_bytes(load(tmp_path, LEAF, INTERMEDIATE).pair_pem)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "pair.pem")


def test_takes_rsa_and_both_parts_in_one_file(tmp_path: Path) -> None:
    leaf = mint("leaf", None, dns(HOSTNAME), SERVER, key=rsa.generate_private_key(65537, 2048))
    both = tmp_path / "both.pem"
    both.write_bytes(leaf.pem + leaf.key_pem)
    assert load_own_certificate(both, both, HOSTNAME, NOW).pair_pem == leaf.key_pem + leaf.pem


@pytest.mark.parametrize("names", [(HOSTNAME,), ("*.example.com",), ("other.example", "DNS.Example.COM")])
def test_the_hostname_may_be_any_name_in_it_or_below_a_wildcard(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert load(tmp_path, mint_leaf(None, *names))


@pytest.mark.parametrize(
    ("hostname", "name"),
    [
        ("dns.example.com", "www.example.com"),
        ("a.dns.example.com", "*.example.com"),
        ("example.com", "*.example.com"),
        ("dns.example.com", "d*.example.com"),
        ("example.com", "*.com"),
    ],
)
def test_refuses_a_certificate_for_another_name_and_says_which(tmp_path: Path, hostname: str, name: str) -> None:
    (fault,) = faults(tmp_path, mint_leaf(None, name), hostname=hostname)
    assert f"is for {name}, not for {hostname}" in fault


def test_refuses_a_name_in_the_common_name_only(tmp_path: Path) -> None:
    assert "has no subjectAltName" in faults(tmp_path, mint(HOSTNAME, None, SERVER))[0]


def test_refuses_a_key_of_another_certificate(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, LEAF, INTERMEDIATE, key=mint_leaf(None, HOSTNAME))
    assert fault.startswith(f"{tmp_path / 'key.pem'}: does not belong to {tmp_path / 'cert.pem'}")


@pytest.mark.parametrize("chain", list(permutations((LEAF, INTERMEDIATE, ROOT)))[1:], ids=[*"abcde"])
def test_a_chain_in_any_order_is_served_in_the_right_one_and_told(tmp_path: Path, chain: tuple[Minted, ...]) -> None:
    identity = load(tmp_path, *chain, key=LEAF)
    assert identity.chain_pem == LEAF.pem + INTERMEDIATE.pem + ROOT.pem
    (warning,) = identity.warnings
    assert warning == f"{tmp_path / 'cert.pem'}: {WRONG_ORDER}: put the leaf first, then who issued it"


def test_what_is_in_the_file_twice_is_served_once(tmp_path: Path) -> None:
    identity = load(tmp_path, LEAF, INTERMEDIATE, INTERMEDIATE, ROOT)
    assert (identity.chain_pem, identity.warnings) == (LEAF.pem + INTERMEDIATE.pem + ROOT.pem, ())


OLD = mint_authority("Old")
CROSS_SIGNED_ROOT = mint("Root", OLD, IS_CA, key=ROOT.key)
CROSS_SIGNED = mint("Intermediate", OLD, IS_CA, key=INTERMEDIATE.key)


@pytest.mark.parametrize(
    "chain",
    [
        (LEAF, INTERMEDIATE, CROSS_SIGNED), (LEAF, CROSS_SIGNED, INTERMEDIATE), (LEAF, CROSS_SIGNED, OLD, INTERMEDIATE),
        (LEAF, INTERMEDIATE, CROSS_SIGNED_ROOT), (LEAF, INTERMEDIATE, CROSS_SIGNED_ROOT, ROOT),
        (LEAF, INTERMEDIATE, ROOT, CROSS_SIGNED_ROOT), (LEAF, INTERMEDIATE, CROSS_SIGNED_ROOT, OLD, ROOT),
    ],
)  # fmt: skip
def test_an_authority_that_two_others_have_signed_may_bring_both_certificates(
    tmp_path: Path, chain: tuple[Minted, ...]
) -> None:
    identity = load(tmp_path, *chain, roots=[ROOT, OLD])
    assert identity.chain_pem == b"".join(link.pem for link in chain)
    assert identity.warnings == ()


def test_a_wrong_order_hides_no_other_fault(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, INTERMEDIATE, LEAF, key=LEAF, hostname="other.example.com")
    assert f"is for {HOSTNAME}, not for other.example.com" in fault


def test_refuses_a_gap_in_the_chain_and_names_what_is_missing(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, LEAF, ROOT)
    assert "lacks the certificate CN=Intermediate, which issued certificate 1" in fault


def test_refuses_a_certificate_after_the_root(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, LEAF, INTERMEDIATE, ROOT, mint_authority("Stranger"))
    assert "certificate 4 does not belong to the chain: remove it" in fault


def test_refuses_sha1(tmp_path: Path) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    (tmp_path / "ca.key").write_bytes(ROOT.key_pem)
    (tmp_path / "san").write_text(f"subjectAltName=DNS:{HOSTNAME}")
    request = f"openssl req -new -newkey rsa:2048 -nodes -keyout {key} -subj /CN=old"
    signing = f"openssl x509 -req -sha1 -CA {tmp_path}/ca.pem -CAkey {tmp_path}/ca.key -extfile {tmp_path}/san"
    made = subprocess.run(request.split(), capture_output=True, check=True)
    subprocess.run(
        [*signing.split(), "-set_serial", "1", "-out", cert], input=made.stdout, check=True, capture_output=True
    )
    with pytest.raises(OperatorError, match="certificate 1 is signed with SHA-1") as caught:
        load_own_certificate(cert, key, HOSTNAME, NOW)
    assert isinstance(pem_hash(cert), hashes.SHA1)
    assert len(caught.value.faults) == 1


def pem_hash(path: Path) -> hashes.HashAlgorithm | None:
    return x509.load_pem_x509_certificate(path.read_bytes()).signature_hash_algorithm


def test_refuses_a_key_that_is_for_rsa_pss_alone(tmp_path: Path) -> None:
    """It was taken, and no server could be made of it."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    new = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"]
    told = ["-subj", "/CN=leaf", "-addext", f"subjectAltName=DNS:{HOSTNAME}"]
    subprocess.run([*new, *told, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with pytest.raises(OperatorError, match=r"cert\.pem: is a kind of key that devices refuse"):
        load_own_certificate(certificate, key, HOSTNAME, NOW)


def test_tells_the_faults_of_both_files_at_once(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_bytes(mint_leaf(None, "other.example").pem)
    with pytest.raises(OperatorError) as caught:
        load_own_certificate(tmp_path / "cert.pem", tmp_path / "key.pem", HOSTNAME, NOW)
    assert [fault.split(": ")[0] for fault in caught.value.faults] == [
        f"{tmp_path / 'key.pem'}",
        f"{tmp_path / 'cert.pem'}",
    ]


def test_a_certificate_that_ended_is_a_warning_for_dns_goes_on(tmp_path: Path) -> None:
    old = mint_authority("Old", ROOT, begin=NOW - timedelta(days=200))
    (first, second) = load(tmp_path, mint_leaf(old, HOSTNAME, begin=NOW - timedelta(days=100)), old).warnings
    assert "certificate 1 ended on 2026-05-22" in first
    assert "certificate 2 ended on 2026-02-11" in second


def test_a_certificate_of_tomorrow_is_a_warning(tmp_path: Path) -> None:
    (warning,) = load(tmp_path, mint_leaf(None, HOSTNAME, begin=NOW + timedelta(days=1))).warnings
    assert "certificate 1 starts on 2026-06-02" in warning


@pytest.mark.parametrize(("days", "warns"), [(825, False), (826, True)])
def test_warns_of_more_days_than_apple_takes(tmp_path: Path, days: int, *, warns: bool) -> None:
    warnings = load(tmp_path, mint_leaf(None, HOSTNAME, days=days)).warnings
    assert ["iPhones" in warning for warning in warnings] == [True] * warns


@pytest.mark.parametrize("chain", [(LEAF,), (LEAF, INTERMEDIATE)], ids=["leaf", "leaf and intermediate"])
def test_warns_of_a_chain_that_leads_to_no_root_that_is_known(tmp_path: Path, chain: tuple[Minted, ...]) -> None:
    (warning,) = load(tmp_path, *chain, roots=[mint_authority("Root")]).warnings
    issuer = "Root" if len(chain) == 2 else "Intermediate"
    assert f"issued by CN={issuer}, which is no root that is known here" in warning
    assert "fullchain.pem" in warning


def test_a_chain_that_leads_to_a_known_root_or_brings_its_own_is_no_warning(tmp_path: Path) -> None:
    assert load(tmp_path, LEAF, INTERMEDIATE, roots=[mint_authority("Other"), ROOT]).warnings == ()
    assert load(tmp_path, LEAF, INTERMEDIATE, ROOT, roots=[mint_authority("Other")]).warnings == ()


def test_a_chain_that_goes_on_to_a_forgotten_root_is_no_warning(tmp_path: Path) -> None:
    ancient = mint_authority("Ancient")
    cross_signed = mint("Root", ancient, x509.BasicConstraints(ca=True, path_length=None), key=ROOT.key)
    assert load(tmp_path, LEAF, INTERMEDIATE, cross_signed, roots=[ROOT]).warnings == ()


def test_the_roots_of_this_system_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(LEAF.key_pem)
    (tmp_path / "cert.pem").write_bytes(LEAF.pem)
    (warning,) = load_own_certificate(tmp_path / "cert.pem", tmp_path / "key.pem", HOSTNAME, NOW).warnings
    assert "no root that is known here" in warning


@pytest.mark.parametrize(
    ("life", "left", "told"),
    [
        (timedelta(days=90), timedelta(days=90), None),
        (timedelta(days=90), timedelta(days=22.5), None),
        (timedelta(days=90), timedelta(days=22.5, seconds=-1), "30 days"),
        (timedelta(days=90), timedelta(days=14), "30 days"),
        (timedelta(days=90), timedelta(days=14, seconds=-1), "14 days"),
        (timedelta(days=90), timedelta(days=7), "14 days"),
        (timedelta(days=90), timedelta(days=7, seconds=-1), "7 days"),
        (timedelta(days=90), timedelta(days=5, hours=1), "6 days"),
        (timedelta(days=90), timedelta(seconds=1), "1 hour"),
        (timedelta(days=365), timedelta(days=31), None),
        (timedelta(days=365), timedelta(days=30, seconds=-1), "30 days"),
        (timedelta(days=45), timedelta(days=15), None),
        (timedelta(days=45), timedelta(days=11), "14 days"),
        (timedelta(hours=160), timedelta(hours=160), None),
        (timedelta(hours=160), timedelta(hours=41), None),
        (timedelta(hours=160), timedelta(hours=39), "2 days"),
        (timedelta(hours=24), timedelta(hours=8), None),
        (timedelta(hours=24), timedelta(hours=5.5), "6 hours"),
    ],
)
def test_warns_of_the_end_when_a_quarter_of_the_life_is_left_and_ever_more_often(
    tmp_path: Path, life: timedelta, left: timedelta, told: str | None
) -> None:
    warnings = load(
        tmp_path, mint_leaf(None, HOSTNAME, begin=NOW + left - life, days=life / timedelta(days=1))
    ).warnings
    end = f"{NOW + left:%Y-%m-%d}"
    expected = (f"{tmp_path / 'cert.pem'}: certificate 1 ends on {end}, in less than {told}: renew it",)
    assert warnings == (expected if told else ())


def test_warns_of_an_intermediate_that_ends_before_the_leaf(tmp_path: Path) -> None:
    soon = mint_authority("Soon", ROOT, begin=NOW - timedelta(days=80))
    (warning,) = load(tmp_path, mint_leaf(soon, HOSTNAME), soon, ROOT).warnings
    assert "certificate 2 ends on 2026-06-11, in less than 14 days" in warning


def test_warns_of_a_certificate_that_is_not_for_servers(tmp_path: Path) -> None:
    client = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    (warning,) = load(tmp_path, mint("leaf", None, dns(HOSTNAME), client)).warnings
    assert "serverAuth" in warning
    assert load(tmp_path, mint("leaf", None, dns(HOSTNAME))).warnings == ()


def test_a_private_root_vouches_for_the_chain_or_is_told_that_it_does_not(tmp_path: Path) -> None:
    other = mint_authority("Other")
    for root, told in ((ROOT, None), (other, "did not issue")):
        (tmp_path / "root.pem").write_bytes(root.pem)
        identity = load(tmp_path, mint_leaf(ROOT, HOSTNAME), private_root=tmp_path / "root.pem")
        assert identity.private_root_pem == root.pem
        assert [told in warning for warning in identity.warnings if told] == [True] * len(identity.warnings)
    (tmp_path / "root.pem").write_text("nonsense")
    with pytest.raises(OperatorError, match=r"root\.pem: holds no certificate"):
        load(tmp_path, mint_leaf(ROOT, HOSTNAME), private_root=tmp_path / "root.pem")
