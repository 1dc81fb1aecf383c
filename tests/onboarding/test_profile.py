import plistlib
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from app.onboarding.enrolment import Enrolment
from app.onboarding.profile import DEFAULT, mobileconfig
from app.onboarding.variant import Variant

# Apple's device-management schema, as far as a manual installation may use it: key -> (type, required).
COMMON: dict[str, tuple[type, bool]] = {
    "PayloadType": (str, True),
    "PayloadVersion": (int, True),
    "PayloadIdentifier": (str, True),
    "PayloadUUID": (str, True),
    "PayloadDisplayName": (str, False),
    "PayloadDescription": (str, False),
    "PayloadOrganization": (str, False),
}
SCHEMA: dict[str, dict[str, tuple[type, bool]]] = {
    "Configuration": COMMON
    | {
        "PayloadContent": (list, True),
        "PayloadRemovalDisallowed": (bool, False),
        "PayloadScope": (str, False),
    },
    "com.apple.security.root": COMMON | {"PayloadContent": (bytes, True), "PayloadCertificateFileName": (str, False)},
    "com.apple.dnsSettings.managed": COMMON | {"DNSSettings": (dict, True), "OnDemandRules": (list, False)},
}
DNS_SETTINGS: dict[str, tuple[type, bool]] = {
    "DNSProtocol": (str, True),
    "ServerName": (str, True),  # required with DNSProtocol TLS
    "ServerAddresses": (list, False),
    "AllowFailover": (bool, False),  # iOS, macOS and visionOS 26
}
RULE: dict[str, tuple[type, bool]] = {
    "Action": (str, True),
    "ActionParameters": (list, False),
    "DNSDomainMatch": (list, False),
    "DNSServerAddressMatch": (list, False),
    "InterfaceTypeMatch": (str, False),
    "SSIDMatch": (list, False),
    "URLStringProbe": (str, False),
}
ACTION_PARAMETER: dict[str, tuple[type, bool]] = {"Domains": (list, True), "DomainAction": (str, True)}
ALLOWED: dict[str, set[object]] = {
    "DNSProtocol": {"TLS"},
    "Action": {"Connect", "Disconnect", "EvaluateConnection"},
    "DomainAction": {"NeverConnect", "ConnectIfNeeded"},
    "InterfaceTypeMatch": {"Ethernet", "WiFi", "Cellular"},
    "PayloadScope": {"System", "User"},
    "PayloadVersion": {1},
}
VARIANTS = [
    Variant(),
    Variant(strict=True),
    Variant("wifi", ("Käse & <Söhne>", "Ünder the 🌳", "\u201cquoted\u201d ]]>")),
    Variant("always"),
]


def assert_follows(schema: dict[str, tuple[type, bool]], found: dict[str, Any]) -> None:
    assert not found.keys() - schema.keys()
    assert {key for key, (_, required) in schema.items() if required} <= found.keys()
    for key, value in found.items():
        assert type(value) is schema[key][0], key
        assert key not in ALLOWED or value in ALLOWED[key], key


def payloads(enrolment: Enrolment, variant: Variant = DEFAULT) -> dict[str, dict[str, Any]]:
    """Payloads by their type, the profile itself included."""
    profile = plistlib.loads(mobileconfig(enrolment, variant))
    return {payload["PayloadType"]: payload for payload in [profile, *profile["PayloadContent"]]}


def identifiers(enrolment: Enrolment) -> set[str]:
    return {payload[key] for payload in payloads(enrolment).values() for key in ("PayloadIdentifier", "PayloadUUID")}


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_has_the_keys_types_and_values_that_apple_documents(
    own_authority: Enrolment, users_certificate: Enrolment, variant: Variant
) -> None:
    for enrolment in (own_authority, users_certificate):
        for kind, payload in payloads(enrolment, variant).items():
            assert_follows(SCHEMA[kind], payload)
            assert str(UUID(payload["PayloadUUID"])).upper() == payload["PayloadUUID"]
        dns = payloads(enrolment, variant)["com.apple.dnsSettings.managed"]
        assert_follows(DNS_SETTINGS, dns["DNSSettings"])
        for rule in dns["OnDemandRules"]:
            assert_follows(RULE, rule)
            assert ("ActionParameters" in rule) is (rule["Action"] == "EvaluateConnection")
            for parameter in rule.get("ActionParameters", []):
                assert_follows(ACTION_PARAMETER, parameter)
                assert all(type(domain) is str for domain in parameter["Domains"])


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_variant_replaces_every_other(own_authority: Enrolment, variant: Variant) -> None:
    found = payloads(own_authority, variant)
    keys = ("PayloadIdentifier", "PayloadUUID")
    assert {payload[key] for payload in found.values() for key in keys} == identifiers(own_authority)


def test_a_device_that_left_home_goes_back_to_the_dns_of_its_network(own_authority: Enrolment) -> None:
    for variant in VARIANTS:
        rules = payloads(own_authority, variant)["com.apple.dnsSettings.managed"]["OnDemandRules"]
        if variant.kind != "always":
            assert rules[-1] == {"Action": "Disconnect"}
            assert all("URLStringProbe" in rule for rule in rules[:-1])


def test_falls_back_while_the_box_is_down_unless_that_is_forbidden(own_authority: Enrolment) -> None:
    for variant in VARIANTS:
        dns = payloads(own_authority, variant)["com.apple.dnsSettings.managed"]["DNSSettings"]
        assert dns["AllowFailover"] is not variant.strict


def test_says_when_it_is_used(own_authority: Enrolment) -> None:
    description = payloads(own_authority, Variant("wifi", ("Käse & <Söhne>",)))["Configuration"]["PayloadDescription"]
    assert "on the Wi-Fi Käse & <Söhne>, and by cable at home." in description


def test_asks_for_tls_by_name_at_every_address(own_authority: Enrolment) -> None:
    assert payloads(own_authority)["com.apple.dnsSettings.managed"]["DNSSettings"] == {
        "DNSProtocol": "TLS",
        "ServerName": "dns.home.arpa",
        "ServerAddresses": ["192.168.1.10", "fd00::10"],
        "AllowFailover": True,
    }


def test_brings_the_root_as_der(own_authority: Enrolment, root: x509.Certificate) -> None:
    payload = payloads(own_authority)["com.apple.security.root"]
    assert payload["PayloadContent"] == root.public_bytes(Encoding.DER)
    assert payload["PayloadDisplayName"] == "Homedot DNS CA 1a2b3c"


def test_brings_no_root_with_the_users_certificate(users_certificate: Enrolment) -> None:
    assert payloads(users_certificate).keys() == {"Configuration", "com.apple.dnsSettings.managed"}
    assert "root" not in payloads(users_certificate)["Configuration"]["PayloadDescription"]


def test_is_for_the_system_removable_and_named_for_people(own_authority: Enrolment) -> None:
    profile = payloads(own_authority)["Configuration"]
    assert profile["PayloadScope"] == "System"
    assert profile["PayloadRemovalDisallowed"] is False
    assert profile["PayloadOrganization"] == "Homedot"
    assert profile["PayloadDisplayName"] == "Homedot (dns.home.arpa)"
    for fact in ("dns.home.arpa", "192.168.1.10", "fd00::10", str(own_authority.root_sha256)):
        assert fact in profile["PayloadDescription"]


def test_is_the_same_bytes_at_every_call(own_authority: Enrolment) -> None:
    assert mobileconfig(own_authority) == mobileconfig(replace(own_authority))


def test_keeps_its_identifiers_when_addresses_ports_and_name_change(own_authority: Enrolment) -> None:
    changed = replace(
        own_authority, addresses=(ip_address("10.0.0.2"),), hostname="other.home.arpa", web_port=80, spki_pin="other"
    )
    assert identifiers(changed) == identifiers(own_authority)
    assert mobileconfig(changed) != mobileconfig(own_authority)


def test_keeps_its_identifiers_when_the_users_certificate_gets_a_new_key(users_certificate: Enrolment) -> None:
    assert identifiers(replace(users_certificate, spki_pin="other")) == identifiers(users_certificate)


def test_two_households_share_no_identifier(
    own_authority: Enrolment, users_certificate: Enrolment, root_named: Callable[[str], x509.Certificate]
) -> None:
    other_root = root_named("Homedot DNS CA 4d5e6f")
    neighbour = replace(
        own_authority,
        root_pem=other_root.public_bytes(Encoding.PEM).decode(),
        root_sha256=other_root.fingerprint(SHA256()).hex(":").upper(),
    )
    elsewhere = replace(users_certificate, hostname="dns.example.net")
    found = [identifiers(each) for each in (own_authority, neighbour, users_certificate, elsewhere)]
    assert len(set.union(*found)) == sum(len(each) for each in found)


def test_every_payload_has_its_own_identifiers(own_authority: Enrolment) -> None:
    assert len(identifiers(own_authority)) == 2 * len(payloads(own_authority))


@settings(deadline=None)
@given(name=st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=16))
def test_escapes_whatever_the_root_is_called(
    own_authority: Enrolment, root_named: Callable[[str], x509.Certificate], name: str
) -> None:
    enrolment = replace(own_authority, root_pem=root_named(name).public_bytes(Encoding.PEM).decode())
    found = payloads(enrolment)
    assert found["com.apple.security.root"]["PayloadDisplayName"] == name
    assert name in found["Configuration"]["PayloadDescription"]


NAMES = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=8)


@settings(deadline=None)
@given(
    ssids=st.lists(
        NAMES | st.sampled_from(["]]>", "&amp;", "<!--", "'\"", "👨\u200d👩\u200d👧"]), min_size=1, max_size=8
    )
)
def test_escapes_whatever_the_wifi_is_called(own_authority: Enrolment, ssids: list[str]) -> None:
    found = payloads(own_authority, Variant("wifi", tuple(ssids)))["com.apple.dnsSettings.managed"]
    assert found["OnDemandRules"][0]["SSIDMatch"] == ssids


@pytest.mark.server
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_is_read_by_a_second_parser(own_authority: Enrolment, tmp_path: Path, variant: Variant) -> None:
    content = mobileconfig(own_authority, variant)
    (tmp_path / "in.mobileconfig").write_bytes(content)
    subprocess.run(["plistutil", "-i", "in.mobileconfig", "-o", "out.plist", "-f", "bin"], cwd=tmp_path, check=True)
    assert plistlib.loads((tmp_path / "out.plist").read_bytes()) == plistlib.loads(content)


def test_says_which_profiles_it_replaces(own_authority: Enrolment) -> None:
    moved = replace(own_authority, moved_on=date(2026, 6, 1))
    sentence = "Replaces every profile from before 2026-06-01, when the addresses, a port or the root changed."
    assert sentence in payloads(moved)["Configuration"]["PayloadDescription"]
    assert "Replaces" not in payloads(own_authority)["Configuration"]["PayloadDescription"]
