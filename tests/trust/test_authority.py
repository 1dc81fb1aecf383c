import base64
import hashlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store
from hypothesis import given
from hypothesis import strategies as st

from app.errors import OperatorError
from app.trust import authority as issuing
from app.trust.authority import NAMES_CHANGED, Authority, issue_leaf, new_authority, new_key, renewal_reason
from app.trust.constraints import Names
from app.trust.pem import Pem
from tests.trust.minting import NOW, SERVER

HOSTNAME = "dns.home.arpa"
ADDRESSES = (ip_address("192.168.1.10"), ip_address("fd00::10"))
DAY = timedelta(days=1)

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
hostnames = st.lists(labels, min_size=1, max_size=4).map(lambda parts: ".".join([*parts, "example"]))
unicast = st.ip_addresses().filter(lambda address: not (address.is_unspecified or address.is_multicast))
any_names = st.builds(Names, hostnames, st.lists(unicast, max_size=6).map(tuple))


@pytest.fixture(scope="module")
def authority() -> Authority:
    return new_authority(Names(HOSTNAME, ADDRESSES), NOW)


@pytest.fixture(scope="module")
def key() -> Pem:
    return new_key()


@pytest.fixture(scope="module")
def chain(authority: Authority, key: Pem) -> Pem:
    return issue_leaf(authority, key, Names(HOSTNAME, ADDRESSES), NOW)


def load(content: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(content)


def span(certificate: x509.Certificate) -> tuple[timedelta, timedelta]:
    return certificate.not_valid_before_utc - NOW, certificate.not_valid_after_utc - certificate.not_valid_before_utc


def critical(certificate: x509.Certificate) -> set[type[x509.ExtensionType]]:
    return {type(extension.value) for extension in certificate.extensions if extension.critical}


def usages(**true: bool) -> x509.KeyUsage:
    """Nothing but what is `true` (RFC 5280 4.2.1.3)."""
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: true.get(name, False) for name in names})


def test_the_root_is_self_signed_for_ten_years_and_may_have_one_level_below(authority: Authority) -> None:
    root = load(authority.root_pem)
    root.verify_directly_issued_by(root)
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 1)
    assert critical(root) == {x509.BasicConstraints, x509.KeyUsage, x509.NameConstraints}
    assert span(root) == (-DAY, 3650 * DAY)


def test_the_root_is_called_by_its_key_so_that_two_of_them_can_be_told_apart(authority: Authority) -> None:
    root = load(authority.root_pem)
    key_id = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()
    assert root.subject.rfc4514_string() == f"CN=Homedot DNS CA {key_id[:6]}"


def test_the_intermediate_may_sign_leaves_for_servers_only(authority: Authority) -> None:
    root, intermediate = load(authority.root_pem), load(authority.intermediate_pem)
    intermediate.verify_directly_issued_by(root)
    basic = intermediate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert basic == x509.BasicConstraints(True, 0)
    assert intermediate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value == SERVER
    assert critical(intermediate) == {x509.BasicConstraints, x509.KeyUsage, x509.NameConstraints}
    constraints = [c.extensions.get_extension_for_class(x509.NameConstraints).value for c in (root, intermediate)]
    assert constraints[0] == constraints[1]
    for certificate in (root, intermediate):
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage == usages(key_cert_sign=True, crl_sign=True)


def test_the_leaf_is_what_strict_devices_ask_for(authority: Authority, chain: Pem) -> None:
    leaf = load(chain)
    extensions = leaf.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    issuer_id = load(authority.intermediate_pem).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert critical(leaf) == {x509.BasicConstraints, x509.KeyUsage}
    assert extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(False, None)
    assert usage == usages(digital_signature=True)
    assert extensions.get_extension_for_class(x509.ExtendedKeyUsage).value == SERVER
    assert extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == issuer_id.digest
    assert isinstance(leaf.signature_hash_algorithm, hashes.SHA256)
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
    assert span(leaf) == (-DAY, 180 * DAY)


def test_the_leaf_carries_the_name_the_addresses_and_loopback_each_once(authority: Authority, key: Pem) -> None:
    given_twice = (*ADDRESSES, ip_address("127.0.0.1"), ADDRESSES[0])
    names = load(issue_leaf(authority, key, Names(HOSTNAME, given_twice), NOW)).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == [HOSTNAME]
    assert [str(address) for address in names.value.get_values_for_type(x509.IPAddress)] == [
        "192.168.1.10",
        "fd00::10",
        "127.0.0.1",
        "::1",
    ]


def test_a_chain_is_the_leaf_and_then_the_intermediate(authority: Authority, chain: Pem) -> None:
    leaf, intermediate = x509.load_pem_x509_certificates(chain)
    assert intermediate == load(authority.intermediate_pem)
    leaf.verify_directly_issued_by(intermediate)


def test_serial_numbers_are_random_and_of_at_least_64_bits(authority: Authority, key: Pem) -> None:
    serials = {load(issue_leaf(authority, key, Names(HOSTNAME, ()), NOW)).serial_number for _ in range(20)}
    assert len(serials) == 20
    assert max(serials).bit_length() >= 64


def test_a_name_of_253_characters_gets_a_certificate() -> None:
    hostname = ".".join(["a" * 63] * 3 + ["b" * 53, "example"])
    assert len(hostname) == 253
    made = new_authority(Names(hostname, ()), NOW)
    assert issue_leaf(made, new_key(), Names(hostname, ()), NOW)


def test_a_zone_of_a_link_local_address_is_left_out_and_not_taken_for_a_change(authority: Authority) -> None:
    address = ip_address("fe80::1%eth0")
    chain = issue_leaf(authority, new_key(), Names(HOSTNAME, (address,)), NOW)
    assert renewal_reason(chain, Names(HOSTNAME, (address,)), NOW) is None


@given(any_names)
def test_whatever_is_configured_when_the_authority_is_made_verifies(names: Names) -> None:
    made = new_authority(names, NOW)
    leaf, intermediate = x509.load_pem_x509_certificates(issue_leaf(made, new_key(), names, NOW))
    policy = PolicyBuilder().store(Store([load(made.root_pem)])).time(NOW)
    assert policy.build_server_verifier(x509.DNSName(names.hostname)).verify(leaf, [intermediate])
    for address in names.addresses:
        assert policy.build_server_verifier(x509.IPAddress(address)).verify(leaf, [intermediate])


def test_refuses_a_hostname_that_the_authority_was_not_made_for(authority: Authority, key: Pem) -> None:
    with pytest.raises(OperatorError, match=r"home\.arpa only, not dns\.example\.com: .*`homedot ca new`"):
        issue_leaf(authority, key, Names("dns.example.com", ()), NOW)


def test_refuses_each_public_address_and_the_hostname_at_once(authority: Authority, key: Pem) -> None:
    with pytest.raises(OperatorError) as caught:
        issue_leaf(authority, key, Names("bank.example", (ip_address("8.8.8.8"), ip_address("2001:db8::1"))), NOW)
    assert len(caught.value.faults) == 3
    assert "8.8.8.8" in caught.value.faults[1]


def test_a_leaf_never_outlives_its_authority_and_is_then_left_alone(authority: Authority, key: Pem) -> None:
    late = load(authority.root_pem).not_valid_after_utc - 10 * DAY
    chain = issue_leaf(authority, key, Names(HOSTNAME, ()), late)
    assert load(chain).not_valid_after_utc == load(authority.root_pem).not_valid_after_utc
    assert renewal_reason(chain, Names(HOSTNAME, ()), late + 9 * DAY) is None


def test_of_an_authority_that_has_ended_nothing_is_renewed(authority: Authority, chain: Pem) -> None:
    ended = load(authority.root_pem).not_valid_after_utc
    assert renewal_reason(chain, Names(HOSTNAME, ADDRESSES), ended - timedelta(seconds=1)) is not None
    assert renewal_reason(chain, Names(HOSTNAME, ADDRESSES), ended) is None


def test_refuses_to_issue_from_an_authority_that_has_ended(authority: Authority, key: Pem) -> None:
    with pytest.raises(OperatorError, match="the authority ended on 2036-05-28"):
        issue_leaf(authority, key, Names(HOSTNAME, ()), load(authority.root_pem).not_valid_after_utc)


def test_a_clock_in_the_past_makes_a_leaf_that_starts_with_its_authority(authority: Authority, key: Pem) -> None:
    past = datetime(1970, 1, 1, tzinfo=UTC)
    chain = issue_leaf(authority, key, Names(HOSTNAME, ()), past)
    assert span(load(chain)) == (-DAY, 180 * DAY)
    assert renewal_reason(chain, Names(HOSTNAME, ()), past) is None


@pytest.mark.parametrize(("days", "due"), [(0, False), (118, False), (119, True), (400, True)])
def test_renewal_is_due_at_two_thirds_of_life(chain: Pem, days: int, *, due: bool) -> None:
    assert (renewal_reason(chain, Names(HOSTNAME, ADDRESSES), NOW + days * DAY) is not None) is due


def test_renewal_is_due_when_names_change_and_says_which(chain: Pem) -> None:
    reason = renewal_reason(chain, Names("tls.home.arpa", ADDRESSES[1:]), NOW)
    assert reason == f"{NAMES_CHANGED} (+tls.home.arpa, -192.168.1.10, -dns.home.arpa)"


def test_the_order_of_addresses_is_no_change(chain: Pem) -> None:
    assert renewal_reason(chain, Names(HOSTNAME, ADDRESSES[::-1]), NOW) is None


def test_renewal_is_due_when_the_clock_was_ahead(authority: Authority, key: Pem) -> None:
    chain = issue_leaf(authority, key, Names(HOSTNAME, ()), NOW + 900 * DAY)
    authority_begins, leaf_begins = (load(each).not_valid_before_utc for each in (authority.root_pem, chain))
    for now, is_due in (
        (NOW, True),
        (authority_begins, True),
        (authority_begins - timedelta(seconds=1), False),  # no new leaf could begin earlier
        (leaf_begins - timedelta(seconds=1), True),
        (leaf_begins, False),
    ):
        assert ("the clock was ahead" in (renewal_reason(chain, Names(HOSTNAME, ()), now) or "")) is is_due


def test_the_pin_lasts_over_renewals_and_the_fingerprint_does_not(authority: Authority, key: Pem) -> None:
    first, second = (issue_leaf(authority, key, Names(HOSTNAME, ()), NOW) for _ in range(2))
    assert issuing.spki_pin(first) == issuing.spki_pin(second)
    assert issuing.fingerprint_sha256(first) != issuing.fingerprint_sha256(second)


def test_fingerprint_and_pin_are_the_hashes_that_other_tools_show(chain: Pem) -> None:
    der = load(chain).public_bytes(serialization.Encoding.DER)
    spki = (
        load(chain)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert issuing.fingerprint_sha256(chain).replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    assert len(issuing.fingerprint_sha256(chain)) == 32 * 3 - 1
    assert issuing.spki_pin(chain) == base64.b64encode(hashlib.sha256(spki).digest()).decode()


def test_an_authority_does_not_show_its_key(authority: Authority) -> None:
    assert "PRIVATE" not in repr(authority)
