import re
from dataclasses import replace
from datetime import date
from ipaddress import ip_address

import pytest

from app.onboarding import qr
from app.onboarding.enrolment import Enrolment
from app.onboarding.guides import AFTER_A_MOVE, guides
from app.onboarding.steps import OPEN_PAGE, setup_text
from app.unbound.reach import ROOT_ANSWERED


def unwrapped(text: str) -> str:
    return " ".join(text.split())


def steps_of(enrolment: Enrolment, device: str) -> tuple[str, ...]:
    guide = next(guide for guide in guides(enrolment) if guide.device.startswith(device))
    return tuple(step.text for step in guide.steps)


def test_shows_the_profile_the_code_of_the_page_and_what_to_compare(own_authority: Enrolment) -> None:
    text = setup_text(own_authority)
    assert "http://192.168.1.10:8853/homedot.mobileconfig" in text
    assert f"{OPEN_PAGE} http://192.168.1.10:8853/\n\n{qr.terminal('http://192.168.1.10:8853/')}" in text
    assert str(own_authority.root_sha256) in re.sub(r":\s+(?=[0-9A-F]{2}:)", ":", text)
    assert own_authority.spki_pin in text
    assert f"recursive: {ROOT_ANSWERED}" in text


def test_leads_an_iphone_through_five_numbered_steps(own_authority: Enrolment) -> None:
    steps = steps_of(own_authority, "iPhone")
    assert len(steps) == 5
    text = unwrapped(setup_text(own_authority))
    for number, step in enumerate(steps, 1):
        assert f"{number}. {step}" in text
    assert "Certificate Trust Settings: switch on Homedot DNS CA 1a2b3c." in steps[3]


def test_has_an_entry_for_every_other_device(own_authority: Enrolment) -> None:
    text = setup_text(own_authority)
    for line in ("\nMac: ", "\nAndroid: ", "\nLinux: ", "DNS=192.168.1.10#dns.home.arpa", "DNSOverTLS=yes"):
        assert line in text
    assert "kdig @192.168.1.10 example.com +dnssec" in text


def test_tells_android_the_truth_about_a_private_authority(own_authority: Enrolment) -> None:
    assert "ignores installed roots" in steps_of(own_authority, "Android")[0]


def test_users_certificate_needs_no_trust_and_serves_android(users_certificate: Enrolment) -> None:
    text = setup_text(users_certificate)
    assert "Trust Settings" not in text
    assert "SHA-256" not in text
    assert "ca.pem" not in text
    assert len(steps_of(users_certificate, "iPhone")) == 4
    assert "hostname: dns.example.org" in steps_of(users_certificate, "Android")[0]
    assert "+tls-ca +tls-hostname=dns.example.org" in text


@pytest.mark.parametrize("device", ["own_authority", "users_certificate"])
def test_without_a_page_says_what_to_switch_on_and_how_else(device: str, request: pytest.FixtureRequest) -> None:
    enrolment: Enrolment = replace(request.getfixturevalue(device), web_port=None)
    text = setup_text(enrolment)
    assert "set web.enabled to true" in unwrapped(text)
    assert "http" not in text
    assert "█" not in text
    assert "iPhone" not in text
    assert f"DNS=192.168.1.10#{enrolment.hostname}" in text
    assert "kdig" in text


def test_warns_that_phones_know_only_port_853(own_authority: Enrolment) -> None:
    assert "always use port 853" not in setup_text(own_authority)
    text = unwrapped(setup_text(replace(own_authority, dot_port=8530)))
    assert "Phones and Macs always use port 853, and this box answers on 8530: set dot.port to 853" in text


def test_an_address_that_devices_may_not_reach_is_said_before_the_code(own_authority: Enrolment) -> None:
    said = "192.168.65.3 is such as Docker Desktop gives to a machine inside this one, and no phone reaches those."
    text = setup_text(replace(own_authority, out_of_reach=(said,)))
    assert said in unwrapped(text)
    assert text.index("Docker Desktop") < text.index("█")


def test_commands_name_another_port(own_authority: Enrolment) -> None:
    text = setup_text(replace(own_authority, dot_port=8530))
    assert "DNS=192.168.1.10:8530#dns.home.arpa" in text
    assert "kdig @192.168.1.10 -p 8530 " in text


def test_resolved_takes_an_ipv6_address_with_a_port_in_brackets(own_authority: Enrolment) -> None:
    enrolment = replace(own_authority, addresses=(ip_address("fd00::10"),))
    assert "DNS=fd00::10#dns.home.arpa" in setup_text(enrolment)
    assert "DNS=[fd00::10]:8530#dns.home.arpa" in setup_text(replace(enrolment, dot_port=8530))


def test_lines_fit_a_log_window(own_authority: Enrolment, users_certificate: Enrolment) -> None:
    for base in (own_authority, users_certificate):
        for enrolment in (base, replace(base, web_port=None, dot_port=8530, resolver_reason="for a reason " * 20)):
            for line in setup_text(enrolment).splitlines():
                assert len(line) <= 79 or "http" in line, line
                assert line == line.rstrip(" ")


def test_says_since_when_devices_must_scan_again(own_authority: Enrolment) -> None:
    moved = replace(own_authority, moved_on=date(2026, 6, 1))
    assert f"changed on 2026-06-01: {AFTER_A_MOVE}" in unwrapped(setup_text(moved))
    assert "changed on" not in setup_text(own_authority)
