import dns.message
import dns.rcode
import dns.rrset
import pytest

from app.answer import replacement, wire
from app.answer.pending import PendingQuery
from app.answer.policy import Kind, NameVerdict
from app.answer.records import LocalResponse
from tests.fakes.ruleset import ruleset

HOME = ["192.168.0.0/16"]


def of(
    *lines: str, begun: LocalResponse | None = None, rcode: int = 0, **rules: object
) -> tuple[LocalResponse, NameVerdict] | None:
    """What is answered instead of `lines` for www.example A."""
    query = dns.message.make_query("www.example.", "A")
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.Rcode(rcode))
    for owner, kind, data in (line.split(" ", 2) for line in lines):
        response.answer.append(dns.rrset.from_text(owner, 300, "IN", kind, data))
    rules_in_force = ruleset(home=HOME, **rules)  # type: ignore[arg-type]
    octets = query.to_wire()
    pending = PendingQuery(octets, wire.read_query(octets), lambda _: None, rules_in_force)
    verdict = rules_in_force.decide("www.example")
    return replacement.of(pending, "www.example", verdict, begun, wire.read_response(response.to_wire()))


def test_most_answers_stay_as_they_are() -> None:
    assert of("www.example. A 192.0.2.1") is None
    assert of("www.example. CNAME a.example.", "a.example. A 192.0.2.1") is None


def test_what_leads_home_is_left_out_and_so_is_what_is_blocked() -> None:
    lists = {"Made-up list": ["ads.example"]}
    mixed = ("www.example. CNAME x.ads.example.", "x.ads.example. A 192.168.1.1", "x.ads.example. A 192.0.2.1")
    for lines, kind, answers in ((mixed[:2], Kind.PASSED, 0), (mixed, Kind.PASSED, 2)):
        found = of(*lines)
        assert found is not None
        assert (found[1].kind, len(found[0].answer)) == (kind, answers)
    # An address of a home beside the others lets no advertisement pass.
    blocked = of(*mixed, lists=lists)
    assert blocked is not None
    assert blocked[1].kind is Kind.LISTED
    assert len(blocked[0].answer) == 1


@pytest.mark.parametrize(("address", "count"), [("192.0.2.1", 2), ("192.168.1.1", 0)])
def test_an_answer_that_was_begun_here_goes_on_with_what_remains(address: str, count: int) -> None:
    found = of(f"www.example. A {address}", begun=LocalResponse(answer=(b"\0\0\5\0\1\0\0\0\0\0\0",)))
    assert found is not None
    assert len(found[0].answer) == count


@pytest.mark.parametrize("begun", [None, LocalResponse(answer=(b"\0\0\5\0\1\0\0\0\0\0\0",))])
def test_a_name_above_one_at_home_exists_though_it_does_not_outside(begun: LocalResponse | None) -> None:
    found = of(begun=begun, rcode=dns.rcode.NXDOMAIN, hosts={"nas.www.example": "192.168.1.5"})
    assert found is not None
    assert (found[0].rcode, found[0].answer) == (0, begun.answer if begun else ())
    assert len(found[0].authority) == 1
    for rcode, hosts in ((dns.rcode.NXDOMAIN, "nas.other.example"), (dns.rcode.SERVFAIL, "nas.www.example")):
        assert of(rcode=rcode, hosts={hosts: "192.168.1.5"}) is None


def test_an_alias_from_there_to_a_name_that_does_not_exist_says_so() -> None:
    """What does not exist is where it leads (RFC 6604 3)."""
    hosts = {"nas.www.example": "192.168.1.5"}
    assert of("www.example. CNAME gone.example.", rcode=dns.rcode.NXDOMAIN, hosts=hosts) is None


@pytest.mark.parametrize(("kind", "address"), [("A", "198.51.100.7"), ("AAAA", "2001:db8::7")])
def test_an_answer_with_an_address_that_is_listed_is_blocked(kind: str, address: str) -> None:
    lines = ("www.example. CNAME x.example.", f"x.example. {kind} {address}")
    assert of(*lines, lists={"Names": ["ads.example"]}) is None
    assert of(*lines, lists={"Addresses": ["198.51.100.8"]}) is None
    found = of(*lines, lists={"Addresses": [address]})
    assert found is not None
    assert found[1].kind is Kind.LISTED
    assert of(*lines, lists={"Addresses": [address, "@@www.example"]}) is None
    assert of(*lines, lists={"Addresses": [address]}, allow=["www.example"]) is None
