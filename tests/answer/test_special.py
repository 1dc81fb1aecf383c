from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import pytest

from app.answer import special
from app.answer.ddr import Designation
from app.answer.house import House
from app.answer.names import text_to_wire
from app.answer.policy import Kind
from tests.fakes.house import house

TYPES = {"A": 1, "SOA": 6, "PTR": 12, "TXT": 16, "AAAA": 28, "DS": 43, "SVCB": 64, "HTTPS": 65}
OURS = Designation("dns.home.arpa", 853, (ip_address("192.168.1.10"),))
HOSTS = {"dns.home.arpa": "192.168.1.10 fd00::10", "nas.attic.home.arpa": "192.168.1.5"}


def ask(inside: House, name: str, kind: str = "A") -> dns.message.Message | None:
    """The answer, or None if it is upstream's to give."""
    made = inside.answer(inside.decide(name), name, TYPES[kind])
    if made is None:
        return None
    rest = made.after_question(text_to_wire(name) + TYPES[kind].to_bytes(2, "big") + b"\0\1")
    return dns.message.from_wire(b"\0\0\x81" + (0x80 | made.rcode).to_bytes(1, "big") + rest)


def outcome(inside: House, name: str, kind: str = "A") -> tuple[str, str]:
    """RCODE and the zone of the SOA, or the record; nothing if it is upstream's to give."""
    answer = ask(inside, name, kind)
    if answer is None:
        return "upstream", ""
    record = answer.answer[0][0].to_text() if answer.answer else answer.authority[0].name.to_text()
    return dns.rcode.to_text(answer.rcode()), record


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("localhost", "A", ("NOERROR", "127.0.0.1")),
        ("any.localhost", "AAAA", ("NOERROR", "::1")),
        ("localhost", "TXT", ("NOERROR", "localhost.")),
        ("invalid", "A", ("NXDOMAIN", "invalid.")),
        ("a.b.invalid", "AAAA", ("NXDOMAIN", "invalid.")),
        ("www.test", "A", ("NXDOMAIN", "test.")),
        ("abcdef.onion", "A", ("NXDOMAIN", "onion.")),
        ("name.alt", "TXT", ("NXDOMAIN", "alt.")),
        ("printer.local", "A", ("NXDOMAIN", "local.")),
        ("local", "SOA", ("NXDOMAIN", "local.")),
        ("dns.home.arpa", "A", ("NOERROR", "192.168.1.10")),
        ("dns.home.arpa", "AAAA", ("NOERROR", "fd00::10")),
        ("dns.home.arpa", "HTTPS", ("NOERROR", "dns.home.arpa.")),
        ("other.home.arpa", "A", ("NXDOMAIN", "home.arpa.")),
        ("home.arpa", "A", ("NOERROR", "home.arpa.")),
        ("attic.home.arpa", "A", ("NOERROR", "home.arpa.")),
        ("home.arpa", "DS", ("upstream", "")),
        ("dns.home.arpa", "DS", ("NOERROR", "dns.home.arpa.")),
        ("default.service.arpa", "PTR", ("NXDOMAIN", "service.arpa.")),
        ("10.1.168.192.in-addr.arpa", "PTR", ("NOERROR", "dns.home.arpa.")),
        ("77.1.168.192.in-addr.arpa", "PTR", ("NXDOMAIN", "168.192.in-addr.arpa.")),
        ("1.168.192.in-addr.arpa", "PTR", ("NOERROR", "168.192.in-addr.arpa.")),
        ("1.1.1.10.in-addr.arpa", "PTR", ("NXDOMAIN", "10.in-addr.arpa.")),
        ("1.1.20.172.in-addr.arpa", "PTR", ("NXDOMAIN", "20.172.in-addr.arpa.")),
        ("1.1.32.172.in-addr.arpa", "PTR", ("upstream", "")),
        ("1.1.64.100.in-addr.arpa", "PTR", ("NXDOMAIN", "64.100.in-addr.arpa.")),
        ("b.a.9.8.7.d.f.ip6.arpa", "PTR", ("NXDOMAIN", "d.f.ip6.arpa.")),
        ("0.0.8.e.f.ip6.arpa", "PTR", ("NXDOMAIN", "8.e.f.ip6.arpa.")),
        ("8.8.8.8.in-addr.arpa", "PTR", ("upstream", "")),
        ("use-application-dns.net", "A", ("NXDOMAIN", "use-application-dns.net.")),
        ("mask.icloud.com", "A", ("upstream", "")),
        ("ipv4only.arpa", "AAAA", ("upstream", "")),
        ("notlocal", "A", ("upstream", "")),
        ("www.example", "A", ("upstream", "")),
        ("", "SOA", ("upstream", "")),
    ],
)
def test_special_names(name: str, kind: str, expected: tuple[str, str]) -> None:
    assert outcome(house(hosts=HOSTS), name, kind) == expected


def test_private_relay_and_firefox_are_for_the_household_to_decide() -> None:
    other = house(firefox_canary=False, refuse_private_relay=True)
    assert outcome(other, "use-application-dns.net") == ("upstream", "")
    for name in ("mask.icloud.com", "mask-h2.icloud.com"):
        assert outcome(other, name) == ("NXDOMAIN", f"{name}.")


def test_a_released_name_and_everything_below_it_is_nobodys() -> None:
    private = house(released=["test", "1.168.192.in-addr.arpa"])
    assert outcome(private, "signed.test") == ("upstream", "")
    assert outcome(private, "7.1.168.192.in-addr.arpa", "PTR") == ("upstream", "")
    assert outcome(private, "7.2.168.192.in-addr.arpa", "PTR")[0] == "NXDOMAIN"
    assert outcome(private, "a.invalid") == ("NXDOMAIN", "invalid.")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("resolver.arpa", "A"),
        ("_dns.resolver.arpa", "A"),
        ("_dns.resolver.arpa", "HTTPS"),
        ("foo.resolver.arpa", "TXT"),
        ("_dns.resolver.arpa", "SVCB"),
    ],
)
def test_r4_r5_without_a_designation_everything_there_is_nodata(name: str, kind: str) -> None:
    assert outcome(house(), name, kind) == ("NOERROR", "resolver.arpa.")


def test_r4_with_one_only_its_own_question_is_answered() -> None:
    inside = house(by_address=OURS)
    assert outcome(inside, "_dns.resolver.arpa", "SVCB")[1].startswith("1 dns.home.arpa.")
    for name, kind in (("_dns.resolver.arpa", "A"), ("resolver.arpa", "SVCB"), ("x._dns.resolver.arpa", "SVCB")):
        assert outcome(inside, name, kind) == ("NOERROR", "resolver.arpa.")


def test_r9_who_knows_the_name_may_ask_by_it_whatever_is_in_the_certificate_about_addresses() -> None:
    inside = house(by_name=OURS, hosts=HOSTS)
    assert outcome(inside, "_dns.dns.home.arpa", "SVCB")[1].startswith("1 dns.home.arpa.")
    assert outcome(inside, "_dns.dns.home.arpa", "A") == ("NOERROR", "_dns.dns.home.arpa.")
    assert outcome(inside, "_dns.resolver.arpa", "SVCB") == ("NOERROR", "resolver.arpa.")
    assert outcome(house(hosts=HOSTS), "_dns.dns.home.arpa", "SVCB")[0] == "NXDOMAIN"


def test_every_verdict_names_its_document_or_setting() -> None:
    inside = house(refuse_private_relay=True)
    for name, document in (special.FIXED | special.NOWHERE | special.ZONES | special.PRIVATE_RELAY).items():
        assert inside.decide(name).title == document
        assert inside.decide(name).kind in {Kind.SPECIAL, Kind.RESERVED}
