from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import pytest

from app.answer import special
from app.answer.ddr import Designation
from app.answer.policy import Kind
from app.answer.ruleset import Ruleset
from app.dnsname import is_at_or_below, to_wire
from app.specialnames import SPECIAL_NAMES, SpecialName, Treatment
from tests.fakes.ruleset import ruleset

TYPES = {"A": 1, "NS": 2, "SOA": 6, "PTR": 12, "TXT": 16, "AAAA": 28, "DS": 43, "SVCB": 64, "HTTPS": 65}
OURS = Designation("dns.home.arpa", 853, (ip_address("192.168.1.10"),))
HOSTS = {"dns.home.arpa": "192.168.1.10 fd00::10", "nas.attic.home.arpa": "192.168.1.5"}


def ask(inside: Ruleset, name: str, kind: str = "A") -> dns.message.Message | None:
    """The answer, or None if it is upstream's to give."""
    made = inside.answer(inside.decide(name), name, TYPES[kind])
    if made is None:
        return None
    rest = made.after_question(to_wire(name) + TYPES[kind].to_bytes(2, "big") + b"\0\1")
    return dns.message.from_wire(b"\0\0\x81" + (0x80 | made.rcode).to_bytes(1, "big") + rest)


def outcome(inside: Ruleset, name: str, kind: str = "A") -> tuple[str, str]:
    """RCODE and the zone of the SOA, or the record; nothing if it is upstream's to give."""
    answer = ask(inside, name, kind)
    if answer is None:
        return "upstream", ""
    record = answer.answer[0][0].to_text() if answer.answer else answer.authority[0].name.to_text()
    return dns.rcode.to_text(answer.rcode()), record


LINES = [
    ("localhost", "A", ("NOERROR", "127.0.0.1")),
    ("any.localhost", "AAAA", ("NOERROR", "::1")),
    ("localhost", "TXT", ("NOERROR", "localhost.")),
    ("resolver.arpa", "A", ("NOERROR", "resolver.arpa.")),
    ("resolver.arpa", "NS", ("NOERROR", "resolver.arpa.")),
    ("localhost", "SOA", ("NOERROR", "localhost.")),
    ("_dns.resolver.arpa", "SVCB", ("NOERROR", '1 dns.home.arpa. alpn="dot" ipv4hint="192.168.1.10"')),
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
    ("b.a.9.8.7.c.f.ip6.arpa", "PTR", ("NXDOMAIN", "c.f.ip6.arpa.")),
    ("8.8.8.8.in-addr.arpa", "PTR", ("upstream", "")),
    ("use-application-dns.net", "A", ("NXDOMAIN", "use-application-dns.net.")),
    ("mask.icloud.com", "A", ("upstream", "")),
    ("ipv4only.arpa", "AAAA", ("upstream", "")),
    ("notlocal", "A", ("upstream", "")),
    ("www.example", "A", ("upstream", "")),
    ("", "SOA", ("upstream", "")),
]
"""What is answered, with the switches as they are by default: every special name has a line."""


@pytest.mark.parametrize(("name", "kind", "expected"), LINES)
def test_special_names(name: str, kind: str, expected: tuple[str, str]) -> None:
    assert outcome(ruleset(hosts=HOSTS, by_address=OURS), name, kind) == expected


@pytest.mark.parametrize("each", SPECIAL_NAMES, ids=lambda each: each.names[0])
def test_no_special_name_is_without_a_line_above(each: SpecialName) -> None:
    assert [name for name, _, _ in LINES if any(is_at_or_below(name, zone) for zone in each.names)]


ZONES = [
    name
    for each in SPECIAL_NAMES
    if each.treatment in {Treatment.EMPTY_ZONE, Treatment.RESOLVER}
    for name in each.names
]


@pytest.mark.parametrize("zone", ZONES)
def test_the_apex_of_a_zone_that_is_served_here_has_soa_and_ns(zone: str) -> None:
    """As RFC 6303 3 has them."""
    for kind, data in (("SOA", f"{zone}. nobody.invalid. 1 3600 1200 604800 60"), ("NS", f"{zone}.")):
        answer = ask(ruleset(), zone, kind)
        assert answer is not None
        assert [rrset.to_text() for rrset in answer.answer] == [f"{zone}. 60 IN {kind} {data}"]
        assert answer.authority == []
        below = ask(ruleset(), f"below.{zone}", kind)
        assert below is not None
        assert below.answer == []


@pytest.mark.parametrize("zone", [name for each in SPECIAL_NAMES if each.switch is None for name in each.names])
def test_a_name_above_one_at_home_exists_and_has_nothing(zone: str) -> None:
    inside = ruleset(hosts={f"nas.attic.house.{zone}": "192.168.1.5"})
    for name in (f"attic.house.{zone}", f"house.{zone}"):
        assert outcome(inside, name, "TXT") == ("NOERROR", f"{zone}.")
    if zone not in {"localhost", "resolver.arpa"}:  # where everything exists
        assert outcome(inside, f"cellar.house.{zone}", "TXT") == ("NXDOMAIN", f"{zone}.")


EVERY_NAME = [(name, each) for each in SPECIAL_NAMES for name in each.names]


@pytest.mark.parametrize(("name", "each"), EVERY_NAME, ids=[name for name, _ in EVERY_NAME])
def test_every_special_name_is_answered_as_its_row_says(name: str, each: SpecialName) -> None:
    inside = ruleset(switched_on=[each.switch] if each.switch else [])
    expected = {
        Treatment.LOOPBACK: (("NOERROR", "127.0.0.1"), ("NOERROR", "127.0.0.1")),
        Treatment.RESOLVER: (("NOERROR", f"{name}."), ("NOERROR", f"{name}.")),
        Treatment.NONEXISTENT: (("NXDOMAIN", f"{name}."), ("NXDOMAIN", f"{name}.")),
        Treatment.EMPTY_ZONE: (("NOERROR", f"{name}."), ("NXDOMAIN", f"{name}.")),
    }[each.treatment]
    assert (outcome(inside, name), outcome(inside, f"a.below.{name}")) == expected
    assert inside.decide(name) == (
        Kind.SPECIAL if each.is_fixed else Kind.RESERVED,
        name,
        each.switch or each.document,
    )


@pytest.mark.parametrize("each", [each for each in SPECIAL_NAMES if each.switch], ids=lambda each: each.names[0])
def test_what_is_switched_off_is_asked_upstream(each: SpecialName) -> None:
    assert {outcome(ruleset(switched_on=[]), name) for name in each.names} == {("upstream", "")}


def test_a_released_name_and_everything_below_it_is_nobodys() -> None:
    private = ruleset(released=["test", "1.168.192.in-addr.arpa"])
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
    assert outcome(ruleset(), name, kind) == ("NOERROR", "resolver.arpa.")


def test_r4_with_one_only_its_own_question_is_answered() -> None:
    inside = ruleset(by_address=OURS)
    assert outcome(inside, "_dns.resolver.arpa", "SVCB")[1].startswith("1 dns.home.arpa.")
    for name, kind in (("_dns.resolver.arpa", "A"), ("resolver.arpa", "SVCB"), ("x._dns.resolver.arpa", "SVCB")):
        assert outcome(inside, name, kind) == ("NOERROR", "resolver.arpa.")


def test_r9_who_knows_the_name_may_ask_by_it_whatever_is_in_the_certificate_about_addresses() -> None:
    inside = ruleset(by_name=OURS, hosts=HOSTS)
    assert outcome(inside, "_dns.dns.home.arpa", "SVCB")[1].startswith("1 dns.home.arpa.")
    assert outcome(inside, "_dns.dns.home.arpa", "A") == ("NOERROR", "_dns.dns.home.arpa.")
    assert outcome(inside, "_dns.resolver.arpa", "SVCB") == ("NOERROR", "resolver.arpa.")
    assert outcome(ruleset(hosts=HOSTS), "_dns.dns.home.arpa", "SVCB")[0] == "NXDOMAIN"


@pytest.mark.parametrize(
    ("name", "kind", "ttl_s"),
    [
        ("localhost", "A", 3600),
        ("localhost", "TXT", 3600),
        ("a.test", "A", 3600),
        ("other.home.arpa", "A", 60),  # there may be such a record in a minute
        ("resolver.arpa", "A", 60),
    ],
)
def test_what_never_changes_is_kept_for_an_hour_and_what_may_for_a_minute(name: str, kind: str, ttl_s: int) -> None:
    answer = ask(ruleset(), name, kind)
    assert answer is not None
    assert {record.ttl for record in (*answer.answer, *answer.authority)} == {ttl_s}
    for negative in answer.authority:
        assert negative[0].minimum == ttl_s


def test_any_is_refused_for_an_hour() -> None:
    made = special.refused_any().after_question(b"\1a\0\0\xff\0\1")
    (record,) = dns.message.from_wire(b"\0\0\x81\x80" + made).answer
    assert (record.ttl, record[0].to_text()) == (3600, '"RFC8482" ""')
