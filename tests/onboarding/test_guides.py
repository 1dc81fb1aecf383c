from dataclasses import replace

import pytest

from app.onboarding import device
from app.onboarding.enrolment import Enrolment
from app.onboarding.guides import Guide, guides, notices
from app.onboarding.leaving import leaving


def guide(enrolment: Enrolment, kind: str, here: str | None = None) -> Guide:
    return next(each for each in guides(enrolment, here) if each.kind == kind)


def told(enrolment: Enrolment, kind: str, here: str | None = None) -> str:
    return " ".join(step.text for step in guide(enrolment, kind, here).steps)


def test_has_every_kind_of_device(own_authority: Enrolment, users_certificate: Enrolment) -> None:
    for enrolment in (own_authority, users_certificate):
        assert tuple(each.kind for each in guides(enrolment)) == device.KINDS


def test_a_phone_that_shows_the_page_taps_and_does_not_scan(own_authority: Enrolment) -> None:
    assert "scan the QR code" in told(own_authority, "iphone")
    assert "Tap Get the profile" in told(own_authority, "iphone", "iphone")
    assert "scan" not in told(own_authority, "iphone", "iphone")


def test_iphone_is_told_why_the_profile_looks_suspicious_and_what_the_root_can_do(own_authority: Enrolment) -> None:
    words = told(own_authority, "iphone")
    assert "Not Signed, because it comes from your own box" in words
    assert "It can vouch only for home.arpa, dns.home.arpa and home addresses." in words


def test_android_with_a_private_authority_needs_this_box_as_the_dns_server_of_the_network(
    own_authority: Enrolment,
) -> None:
    off = told(own_authority, "android")
    on = told(replace(own_authority, plain_port=53), "android")
    elsewhere = told(replace(own_authority, plain_port=5300), "android")
    for words in (off, on, elsewhere):
        assert "accepts publicly trusted certificates only" in words
        assert "make 192.168.1.10 the DNS server of the home" in words
        assert "Private DNS: Automatic" in words
    assert ["plain.enabled" in words for words in (off, on, elsewhere)] == [True, False, True]


def test_android_with_a_public_certificate_is_given_the_name(users_certificate: Enrolment) -> None:
    words = told(users_certificate, "android")
    assert "Private DNS > hostname: dns.example.org" in words
    assert "Automatic" not in words


@pytest.mark.parametrize("kind", ["windows", "linux"])
def test_a_computer_saves_and_compares_the_root_first_if_there_is_one(
    own_authority: Enrolment, users_certificate: Enrolment, kind: str
) -> None:
    first = guide(own_authority, kind).steps[0]
    assert "http://192.168.1.10:8853/ca.pem" in first.do
    assert str(own_authority.root_sha256) in first.see
    assert "ca.pem" not in told(users_certificate, kind)
    assert "SHA-256" not in told(users_certificate, kind)


def test_windows_gets_the_lines_of_its_snippet(own_authority: Enrolment) -> None:
    assert "netsh dns add global dot=yes" in guide(own_authority, "windows").lines


def test_nothing_stands_in_the_way_by_default(own_authority: Enrolment) -> None:
    assert notices(own_authority) == ()


@pytest.mark.parametrize("here", [*device.KINDS, "", None])
def test_every_device_is_told_how_to_leave(own_authority: Enrolment, here: str | None) -> None:
    ways_out = leaving(own_authority)
    assert {each.kind: each.leave for each in guides(own_authority, here)} == {
        kind: ways_out[kind] for kind in device.KINDS
    }


def test_the_steps_after_the_download_end_in_the_test_on_the_same_screen(own_authority: Enrolment) -> None:
    for kind in ("iphone", "mac"):
        assert "Test this device" in guide(own_authority, kind, kind).steps[-1].do
    assert "Test this device" not in told(own_authority, "iphone")


def test_a_mac_is_told_where_the_profile_is_and_how_to_trust_the_root(
    own_authority: Enrolment, users_certificate: Enrolment
) -> None:
    words = told(own_authority, "mac", "mac")
    assert "System Settings > General > Device Management: double-click Homedot, then Install." in words
    assert "Keychain Access > System > Certificates: double-click Homedot DNS CA 1a2b3c" in words
    assert "Keychain" not in told(users_certificate, "mac", "mac")


def test_the_page_sends_a_comparison_to_the_log(own_authority: Enrolment) -> None:
    for kind in ("iphone", "mac"):
        assert "compare it with the log of the box" in told(own_authority, kind, kind)
