import dns.message
import dns.rcode
import dns.rrset
import pytest

from app.answer import wire
from app.answer.referral import Referral, is_referral

NS, SOA = "example. NS ns.example.", "example. SOA ns. me. 1 2 3 4 5"
ALIAS, ADDRESS = "www.example. CNAME a.example.", "www.example. A 192.0.2.1"


@pytest.mark.parametrize(
    ("kind", "answer", "authority", "rcode", "expected"),
    [
        ("A", [], [NS], 0, True),
        ("A", [ALIAS], [NS], 0, True),
        ("A", [], [], 0, False),  # as routers say that there is nothing
        ("A", [], [SOA], 0, False),
        ("A", [], [SOA, NS], 0, False),
        ("A", [], [NS, SOA], 0, False),
        ("A", [ADDRESS], [NS], 0, False),
        ("A", [ALIAS, "a.example. A 192.0.2.1"], [NS], 0, False),
        ("CNAME", [ALIAS], [NS], 0, False),
        ("NS", ["www.example. NS ns.example."], [NS], 0, False),
        ("A", [], [NS], 3, False),
        ("A", [], [NS], 2, False),
    ],
)
def test_a_referral_names_servers_and_nothing_else(
    kind: str, answer: list[str], authority: list[str], rcode: int, *, expected: bool
) -> None:
    response = dns.message.make_response(dns.message.make_query("www.example.", kind, use_edns=0))
    response.set_rcode(dns.rcode.Rcode(rcode))
    for section, lines in ((response.answer, answer), (response.authority, authority)):
        for owner, rtype, data in (line.split(" ", 2) for line in lines):
            section.append(dns.rrset.from_text(owner, 300, "IN", rtype, data))
    response.additional.append(dns.rrset.from_text("ns.example.", 300, "IN", "A", "192.0.2.53"))
    number = {"A": 1, "NS": 2, "CNAME": 5}[kind]
    assert is_referral(wire.read_response(response.to_wire()), number) is expected


def test_it_says_whose_server_it_was() -> None:
    assert "the route fritz.box" in str(Referral("fritz.box"))
    assert "a forwarder" in str(Referral(""))
