"""Ready lines for other programs: each is read by its own program where that can be had here."""

import configparser
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.onboarding import dnr
from app.onboarding.enrolment import Enrolment
from app.onboarding.snippets import ROOT_FILE, SYSTEM_BUNDLE, snippets
from tests.fakes import dhcp


def text_of(kind: str, enrolment: Enrolment) -> str:
    return next(snippet.text for snippet in snippets(enrolment) if snippet.kind == kind)


@pytest.fixture(
    params=[
        lambda own, _: own,
        lambda _, users: users,
        lambda own, _: replace(own, dot_port=8530, web_port=None),
        lambda own, _: replace(own, addresses=(ip_address("192.168.1.10"),)),
        lambda own, _: replace(own, addresses=(ip_address("fd00::10"),), dot_port=8530),
    ],
    ids=["own authority", "users certificate", "other port", "IPv4", "IPv6"],
)
def enrolment(request: pytest.FixtureRequest, own_authority: Enrolment, users_certificate: Enrolment) -> Enrolment:
    make: Callable[[Enrolment, Enrolment], Enrolment] = request.param
    return make(own_authority, users_certificate)


def test_every_kind_has_a_title_and_a_word_of_its_own(enrolment: Enrolment) -> None:
    found = snippets(enrolment)
    assert len({snippet.kind for snippet in found}) == len({snippet.title for snippet in found}) == len(found)


def test_all_that_is_no_comment_is_for_the_program(enrolment: Enrolment) -> None:
    for snippet in snippets(enrolment):
        assert snippet.text.endswith("\n")
        for note in snippet.notes:
            assert f"{snippet.comment} {note}\n" in snippet.text
            assert "\n" not in note


VERIFIES_BY_ROOT = ["systemd-resolved", "networkmanager", "stubby", "unbound", "kdig", "windows", "dnr"]


@pytest.mark.parametrize("kind", VERIFIES_BY_ROOT)
def test_says_where_the_root_comes_from_and_how_to_know_it(own_authority: Enrolment, kind: str) -> None:
    text = text_of(kind, own_authority)
    assert "http://192.168.1.10:8853/ca.pem" in text
    assert f"Its SHA-256 fingerprint: {own_authority.root_sha256}" in text
    without_page = text_of(kind, replace(own_authority, web_port=None))
    assert "ca/root.pem from the data volume" in without_page
    assert "http" not in without_page


def test_a_users_certificate_needs_no_root_and_no_pin(users_certificate: Enrolment) -> None:
    text = "".join(snippet.text for snippet in snippets(users_certificate))
    for words in ("ca.pem", ROOT_FILE, "fingerprint", users_certificate.spki_pin, "addstore"):
        assert words not in text
    assert SYSTEM_BUNDLE in text


def test_systemd_resolved_gets_every_server_with_its_name(enrolment: Enrolment) -> None:
    parser = configparser.ConfigParser(delimiters="=", comment_prefixes="#", interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text_of("systemd-resolved", enrolment))
    assert parser.sections() == ["Resolve"]
    resolve = dict(parser["Resolve"])
    assert set(resolve) == {"DNS", "DNSOverTLS", "Domains"}
    assert (resolve["DNSOverTLS"], resolve["Domains"]) == ("yes", "~.")
    servers = []
    for server in resolve["DNS"].split():  # resolved.conf(5): ADDRESS, or ADDRESS:PORT with IPv6 in brackets; #NAME
        match = re.fullmatch(r"(?:([0-9a-f:]+|[0-9.]+)|(?:\[([0-9a-f:]+)\]|([0-9.]+)):([0-9]+))#(.+)", server)
        assert match is not None
        servers.append((ip_address(match[1] or match[2] or match[3]), int(match[4] or 853), match[5]))
    assert servers == [(address, enrolment.dot_port, enrolment.hostname) for address in enrolment.addresses]


@pytest.mark.server
def test_network_manager_understands_its_lines(own_authority: Enrolment, tmp_path: Path) -> None:
    """nmcli works on a connection's file as it does on the connection itself."""
    connection = ["nmcli", "--offline", "connection", "add", "type", "ethernet", "con-name", "Wired connection 1"]
    keyfile = subprocess.run(connection, capture_output=True, timeout=30, check=True).stdout
    (tmp_path / "keyfile").write_bytes(keyfile)
    script = text_of("networkmanager", own_authority)
    script = script.replace('nmcli connection modify "$connection"', "nmcli --offline connection modify <keyfile")
    script = script.replace('nmcli connection up "$connection"', "")
    done = subprocess.run(["sh", "-eu"], input=script, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(done.stdout)
    assert parser["connection"]["dns-over-tls"] == "2"  # NM_SETTING_CONNECTION_DNS_OVER_TLS_YES
    for family, server in (("ipv4", "192.168.1.10#dns.home.arpa;"), ("ipv6", "fd00::10#dns.home.arpa;")):
        assert (parser[family]["dns"], parser[family]["ignore-auto-dns"]) == (server, "true")


def test_network_manager_cannot_use_another_port_and_that_is_said(own_authority: Enrolment) -> None:
    text = text_of("networkmanager", replace(own_authority, dot_port=8530))
    assert "NetworkManager always uses port 853, and this box answers on 8530." in text
    assert all(line.startswith("#") for line in text.splitlines())


@pytest.mark.server
def test_stubby_understands_its_file(enrolment: Enrolment, tmp_path: Path) -> None:
    path = tmp_path / "stubby.yml"
    path.write_text(text_of("stubby", enrolment))
    done = subprocess.run(["stubby", "-C", str(path), "-i"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(f'"tls_auth_name": <bindata of "{enrolment.hostname}">') == len(enrolment.addresses)
    assert '"tls_authentication": GETDNS_AUTHENTICATION_REQUIRED' in done.stdout


@pytest.mark.server
def test_unbound_understands_its_file(enrolment: Enrolment, tmp_path: Path) -> None:
    path = tmp_path / "homedot.conf"
    path.write_text(text_of("unbound", enrolment))
    done = subprocess.run(["unbound-checkconf", str(path)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    asked = ["unbound-checkconf", "-o", "tls-cert-bundle", str(path)]
    bundle = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
    assert bundle == (ROOT_FILE if enrolment.root_pem else SYSTEM_BUNDLE)


@pytest.mark.server
@pytest.mark.parametrize("kind", ["dhcp", "dnr"])
def test_dnsmasq_understands_its_file(enrolment: Enrolment, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "dnsmasq.conf"
    path.write_text(text_of(kind, enrolment))
    done = subprocess.run(["dnsmasq", "--test", "-C", str(path)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


@pytest.mark.server
def test_a_device_gets_from_dnsmasq_what_the_lines_say(own_authority: Enrolment, tmp_path: Path) -> None:
    """A real exchange: dnsmasq guesses from the looks of a value what it is, so only what it sends counts."""
    four, six = own_authority.addresses
    got = dhcp.options(text_of("dhcp", own_authority) + text_of("dnr", own_authority), tmp_path)
    assert got == {
        "v4.6": four.packed,
        "v4.162": dnr.dhcpv4("dns.home.arpa", [four], 853),  # type: ignore[list-item]
        "v6.23": six.packed,
        "v6.144": dnr.dhcpv6("dns.home.arpa", [six], 853),  # type: ignore[list-item]
    }


def test_the_hex_is_the_octets_of_the_line(own_authority: Enrolment) -> None:
    text = text_of("dnr", own_authority)
    for option in ("162,", "option6:144,"):
        line = re.search(rf"^dhcp-option={option}([0-9a-f:]+)$", text, re.MULTILINE)
        assert line is not None
        assert f"as hex: {line[1].replace(':', '')}\n" in text
    advertised = re.search(r"Router advertisement.*: ([0-9a-f]+)$", text, re.MULTILINE)
    assert advertised is not None
    assert bytes.fromhex(advertised[1])[0] == 144
    assert "DHCPv4 option 6 as hex: c0a8010a\n" in text_of("dhcp", own_authority)


@pytest.mark.parametrize("kind", ["networkmanager", "kdig", "openwrt"])
def test_a_shell_understands_its_lines(enrolment: Enrolment, kind: str) -> None:
    script = text_of(kind, enrolment)
    done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_windows_gets_the_name_and_the_port_of_every_server(enrolment: Enrolment) -> None:
    text = text_of("windows", enrolment)
    for address in enrolment.addresses:
        assert f"server={address} dothost={enrolment.hostname}:{enrolment.dot_port} autoupgrade=yes" in text
    assert all(line.startswith(("rem ", "netsh ", "certutil ", "ipconfig ")) for line in text.splitlines())
