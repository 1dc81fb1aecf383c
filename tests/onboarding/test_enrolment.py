import json
from dataclasses import replace
from datetime import date, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.errors import OperatorError
from app.onboarding.enrolment import Enrolment, from_json, probe_address


def test_survives_the_way_through_the_file(own_authority: Enrolment, users_certificate: Enrolment) -> None:
    without_page = replace(users_certificate, web_port=None)
    moved = replace(own_authority, moved_on=date(2026, 6, 1), relied=(ip_address("192.168.1.20"),))
    moved = replace(moved, not_before=own_authority.not_after - timedelta(hours=160), out_of_reach=("It may not.",))
    for enrolment in (own_authority, users_certificate, without_page, moved):
        assert from_json(enrolment.to_json()) == enrolment


@pytest.mark.parametrize(
    ("addresses", "address"),
    [(["fd00::10", "10.0.0.2", "10.0.0.3"], "10.0.0.2"), (["fd00::10", "fd00::11"], "fd00::10")],
)
def test_devices_hang_on_the_address_of_their_first_probe(
    own_authority: Enrolment, addresses: list[str], address: str
) -> None:
    several = tuple(map(ip_address, addresses))
    assert str(probe_address(several)) == address
    assert address in replace(own_authority, addresses=several).probe_urls[0]


def test_urls_carry_the_first_address(own_authority: Enrolment) -> None:
    assert own_authority.url == "http://192.168.1.10:8853/"
    assert own_authority.profile_url == "http://192.168.1.10:8853/homedot.mobileconfig"


def test_urls_put_an_ipv6_address_in_brackets(own_authority: Enrolment) -> None:
    enrolment = replace(own_authority, addresses=(ip_address("fd00::10"),))
    assert enrolment.profile_url == "http://[fd00::10]:8853/homedot.mobileconfig"


def test_has_no_urls_when_the_page_is_off(own_authority: Enrolment) -> None:
    enrolment = replace(own_authority, web_port=None)
    assert enrolment.url is None
    assert enrolment.profile_url is None


def test_knows_the_root_by_its_common_name_and_der(own_authority: Enrolment, root: x509.Certificate) -> None:
    assert own_authority.root_name == "Homedot DNS CA 1a2b3c"
    assert own_authority.root_der == root.public_bytes(Encoding.DER)


def test_probes_the_first_address_of_each_family(own_authority: Enrolment) -> None:
    assert own_authority.probe_urls == ("http://192.168.1.10:8853/probe", "http://[fd00::10]:8853/probe")
    several = replace(own_authority, addresses=tuple(map(ip_address, ("fd00::10", "10.0.0.2", "fd00::11", "10.0.0.3"))))
    assert several.probe_urls == ("http://10.0.0.2:8853/probe", "http://[fd00::10]:8853/probe")
    assert replace(own_authority, web_port=None).probe_urls == ()


def test_has_no_root_with_the_users_certificate(users_certificate: Enrolment) -> None:
    assert users_certificate.root_name is None
    assert users_certificate.root_der is None


def test_refuses_no_address_and_half_a_root(own_authority: Enrolment) -> None:
    with pytest.raises(ValueError, match="addresses"):
        replace(own_authority, addresses=())
    with pytest.raises(ValueError, match="root_sha256"):
        replace(own_authority, root_sha256=None)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hostname", "single"),
        ("addresses", []),
        ("addresses", ["192.168.1.300"]),
        ("dot_port", 0),
        ("plain_port", 65536),
        ("web_port", "http"),
        ("root_pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("root_pem", "no certificate"),
        ("root_sha256", None),
        ("not_after", "tomorrow"),
        ("not_after", 1780315200),
        ("not_after", "9999-12-31T23:59:59-23:59"),
        ("resolver", "auto"),
    ],
)
def test_refuses_a_bad_value_and_says_what_to_do(own_authority: Enrolment, key: str, value: object) -> None:
    tree = json.loads(own_authority.to_json()) | {key: value}
    with pytest.raises(OperatorError, match="restart Homedot") as caught:
        from_json(json.dumps(tree))
    assert len(caught.value.faults) == 1
    assert "\n" not in caught.value.faults[0]


@pytest.mark.parametrize(
    "key",
    [
        "hostname",
        "addresses",
        "dot_port",
        "plain_port",
        "web_port",
        "root_pem",
        "root_sha256",
        "spki_pin",
        "not_after",
        "resolver",
        "resolver_reason",
    ],
)
def test_refuses_a_missing_value_and_names_it(own_authority: Enrolment, key: str) -> None:
    tree = json.loads(own_authority.to_json())
    del tree[key]
    with pytest.raises(OperatorError, match=key):
        from_json(json.dumps(tree))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"', "3", "[" * 100_000])
def test_refuses_what_is_not_an_enrolment(text: str) -> None:
    with pytest.raises(OperatorError, match="restart Homedot"):
        from_json(text)


def test_what_a_later_version_says_besides_is_ignored(own_authority: Enrolment) -> None:
    tree = json.loads(own_authority.to_json()) | {"colour": "red"}
    assert from_json(json.dumps(tree)) == own_authority
