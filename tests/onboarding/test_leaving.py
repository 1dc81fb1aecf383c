import re
from dataclasses import replace
from ipaddress import ip_address

import pytest

from app.onboarding import device
from app.onboarding.enrolment import Enrolment
from app.onboarding.leaving import leaving
from app.onboarding.snippets import ROOT_FILE, snippets


def files_of(enrolment: Enrolment, kind: str) -> set[str]:
    """Those that the ready lines ask somebody to make."""
    text = next(snippet.text for snippet in snippets(enrolment) if snippet.kind == kind)
    return {*re.findall(r"(?:[Ss]ave this|[Ss]ave them|Save \S+) as (/\S+)", text)}


def test_every_device_and_every_program_can_leave(own_authority: Enrolment, users_certificate: Enrolment) -> None:
    for enrolment in (own_authority, users_certificate):
        kinds = {*device.KINDS, *(snippet.kind for snippet in snippets(enrolment))}
        assert leaving(enrolment).keys() == kinds


@pytest.mark.parametrize(
    "kind", ["systemd-resolved", "networkmanager", "stubby", "unbound", "kdig", "openwrt", "dhcp", "dnr"]
)
def test_every_file_that_somebody_made_is_named_again(own_authority: Enrolment, kind: str) -> None:
    way_out = leaving(own_authority)[kind]
    assert files_of(own_authority, kind) == {*re.findall(r"`(/\S+)`", way_out)} - {"/etc/init.d/dnsmasq restart"}


def test_a_root_that_was_installed_is_removed_and_none_else(
    own_authority: Enrolment, users_certificate: Enrolment
) -> None:
    trusting = {"linux", "systemd-resolved", "networkmanager", "stubby", "unbound", "kdig"}
    assert {kind for kind, text in leaving(own_authority).items() if ROOT_FILE in text} == trusting
    words = " ".join(leaving(users_certificate).values())
    assert ROOT_FILE not in words
    assert "root" not in words.lower()


def test_windows_takes_back_each_line_that_was_run(own_authority: Enrolment) -> None:
    way_out = leaving(own_authority)["windows"]
    for line in (
        'netsh interface ipv4 set dnsservers name="Ethernet" source=dhcp',
        'netsh interface ipv6 set dnsservers name="Ethernet" source=dhcp',
        "netsh dns delete encryption server=192.168.1.10",
        "netsh dns delete encryption server=fd00::10",
        "netsh dns delete global dot",
        'certutil -delstore Root "Homedot DNS CA 1a2b3c"',
    ):
        assert f"`{line}`" in way_out
    alone = replace(own_authority, addresses=(ip_address("192.168.1.10"),))
    assert "ipv6" not in leaving(alone)["windows"]


def test_android_leaves_by_the_way_it_came(own_authority: Enrolment, users_certificate: Enrolment) -> None:
    assert "router" in leaving(own_authority)["android"]
    assert "Private DNS: Automatic" in leaving(users_certificate)["android"]
