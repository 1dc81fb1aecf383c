"""What an appliance says when its forwarder filters, refuses a type, or knows of aliases that lead nowhere."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from tests.fakes.forwarder import FakeForwarder, forwarding, saying
from tests.internet import FICKLE, Internet

from .asking import addresses, ask, is_validated, reasons
from .conftest import Box
from .test_forwarding import appliance

pytestmark = [pytest.mark.server, pytest.mark.engine]

OTHER, FILTERED, NO_REACHABLE_AUTHORITY = 0, 17, 22
FRESH = iter(range(1000))


@dataclass(frozen=True, slots=True)
class House:
    box: Box
    upstream: FakeForwarder


def answering(internet: Internet) -> Callable[[dns.message.Message], dns.message.Message | None]:
    """A forwarder of the tests' internet that filters names which begin with `block` or `null`, and refuses HTTPS."""
    address, port = internet.forwarder_plain.split("@")
    aliases = [f"c{number}.loop.test. CNAME c{number + 1}.loop.test." for number in range(40)]
    said = saying("a.loop.test. CNAME b.loop.test.", "b.loop.test. CNAME a.loop.test.",
                  "self.loop.test. CNAME self.loop.test.", *aliases, "c40.loop.test. A 192.0.2.1")  # fmt: skip

    def answer(query: dns.message.Message) -> dns.message.Message | None:
        name, rdtype = query.question[0].name, query.question[0].rdtype
        text = name.to_text().lower()
        response = dns.message.make_response(query, recursion_available=True)
        if text.startswith("block"):
            response.set_rcode(dns.rcode.NXDOMAIN)
            return response
        if text.startswith("null"):
            for kind, nobody in (("A", "0.0.0.0"), ("AAAA", "::")):
                if dns.rdatatype.to_text(rdtype) == kind:
                    response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, nobody))
            return response
        if rdtype == dns.rdatatype.HTTPS and text.partition("-")[0] in ("notimp", "refused", "formerr", "servfail"):
            response.set_rcode(dns.rcode.from_text(text.partition("-")[0]))
            return response
        if rdtype == dns.rdatatype.HTTPS and text.startswith("silent-"):
            return None
        if text.endswith("loop.test."):
            return said(query)
        return dns.query.udp_with_fallback(dns.message.from_wire(query.to_wire()), address, 5, int(port))[0]

    return answer


@pytest.fixture(scope="module")
def house(internet: Internet) -> Iterator[House]:
    with forwarding(answering(internet)) as upstream:
        insecure = '  domain-insecure: "loop.test"\n'
        with appliance(internet, insecure, forward=upstream.setting, routes=f"lan={upstream.setting}") as box:
            ask(box, "signed.test")
            ask(box, "unsigned.test")
            yield House(box, upstream)


@pytest.mark.parametrize("zone", ["signed.test", "unsigned.test"])
@pytest.mark.parametrize(("begin", "rcode"), [("block", dns.rcode.NXDOMAIN), ("null", dns.rcode.NOERROR)])
@pytest.mark.parametrize("rdtype", ["A", "AAAA", "HTTPS"])
def test_what_the_forwarder_filters_is_told_as_filtered_and_kept(
    house: House, zone: str, begin: str, rcode: dns.rcode.Rcode, rdtype: str
) -> None:
    name = f"{begin}{next(FRESH)}.{zone}"
    for _ in range(3):
        response = ask(house.box, name, rdtype)
        assert response.rcode() == rcode
        assert response.answer == []
        if (zone, begin, rdtype) != ("unsigned.test", "null", "HTTPS"):  # an empty answer, like that of any router
            assert reasons(response) == [FILTERED]
            (reason,) = (each for each in response.options if isinstance(each, dns.edns.EDEOption))
            assert "127.0.0.1" in (reason.text or "")
            assert response.authority[0].rdtype == dns.rdatatype.SOA
    asked = [each for each in house.upstream.seen if each.startswith(f"{name}.")]
    assert len(asked) <= (2 if zone == "unsigned.test" else 7), asked


def test_what_the_forwarder_does_not_filter_is_as_ever(house: House) -> None:
    assert is_validated(ask(house.box, "www.signed.test"))
    assert ask(house.box, "nowhere.signed.test").rcode() == dns.rcode.NXDOMAIN
    assert reasons(ask(house.box, "nowhere.signed.test")) == []
    assert reasons(ask(house.box, "nowhere.unsigned.test")) == []
    for name in ("bogus.test", "expired.test", "stripped.test"):
        assert ask(house.box, name).rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("rdtype", ["TLSA", "MX", "TXT", "DS"])
def test_what_would_protect_is_not_denied_on_trust(house: House, rdtype: str) -> None:
    assert ask(house.box, f"block{next(FRESH)}.signed.test", rdtype).rcode() == dns.rcode.SERVFAIL


def test_a_router_that_leaves_out_a_soa_filters_nothing(house: House) -> None:
    response = ask(house.box, "block.lan")
    assert response.rcode() == dns.rcode.NXDOMAIN
    assert reasons(response) == []


def test_why_says_that_the_forwarder_filters(house: House) -> None:
    for name in ("block.signed.test", "null.signed.test", "block.unsigned.test", "null.unsigned.test"):
        assert "filtered by 127.0.0.1 (resolver.forward)" in house.box.appliance.homedot("why", name).stdout


@pytest.mark.parametrize("zone", ["wild.signed.test", "wild.unsigned.test", "lan"])
@pytest.mark.parametrize("refusal", ["notimp", "refused", "formerr"])
def test_a_forwarder_that_refuses_https_costs_no_site_its_visitors(house: House, refusal: str, zone: str) -> None:
    """RFC 9460 3.1: clients over TLS give up for SERVFAIL."""
    name = f"{refusal}-{next(FRESH)}.{zone}"
    for _ in range(2):
        response = ask(house.box, name, "HTTPS")
        assert response.rcode() == dns.rcode.NOERROR
        assert response.answer == []
        assert dns.rdatatype.SOA in {rrset.rdtype for rrset in response.authority}
    if zone != "lan":
        assert addresses(ask(house.box, name)) == {"192.0.2.3"}


@pytest.mark.parametrize("refusal", ["servfail", "silent"])
def test_one_that_fails_for_another_reason_is_servfail_as_ever(house: House, refusal: str) -> None:
    assert ask(house.box, f"{refusal}-{next(FRESH)}.wild.unsigned.test", "HTTPS").rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.loop.test", "the aliases lead in a circle"), ("self.loop.test", "the aliases lead in a circle"),
        ("c0.loop.test", "more than 11 aliases in a row"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("rdtype", ["A", "HTTPS"])
def test_aliases_that_lead_nowhere_are_no_authority_out_of_reach(
    house: House, name: str, rdtype: str, text: str
) -> None:
    for _ in range(2):
        response = ask(house.box, name, rdtype)
        assert response.rcode() == dns.rcode.SERVFAIL
        assert reasons(response) == [OTHER]
        assert [each.text for each in response.options if isinstance(each, dns.edns.EDEOption)] == [text]
    assert text in house.box.appliance.homedot("why", name).stdout


@pytest.mark.parametrize("name", ["a", "self", "c0"])
def test_recursing_it_is_said_as_well(own_authority: Box, internet: Internet, name: str) -> None:
    zone = f"n{next(FRESH)}.fickle.test"
    aliases = [f"c{number}.{zone}. CNAME c{number + 1}.{zone}." for number in range(40)]
    said = saying(
        f"a.{zone}. CNAME b.{zone}.", f"b.{zone}. CNAME a.{zone}.", f"self.{zone}. CNAME self.{zone}.", *aliases
    )

    def answer(query: dns.message.Message) -> dns.message.Message | None:
        response = said(query)
        assert response is not None
        response.flags |= dns.flags.AA
        if response.authority:
            response.authority = [dns.rrset.from_text("fickle.test.", 60, "IN", "SOA", "ns. me. 1 2 3 4 5")]
        return response

    with forwarding(answer, (internet.address(FICKLE), 53)) as server:
        for rdtype in ("A", "AAAA", "A"):
            response = ask(own_authority, f"{name}.{zone}", rdtype)
            assert response.rcode() == dns.rcode.SERVFAIL
            assert reasons(response) == [OTHER]
        assert server.about(f"{name}.{zone}") <= 2


def test_a_chain_that_ends_is_followed(house: House) -> None:
    assert addresses(ask(house.box, "c30.loop.test")) == {"192.0.2.1"}


def test_an_authority_out_of_reach_is_said_to_be(house: House) -> None:
    response = ask(house.box, "www.dead.test")
    assert response.rcode() == dns.rcode.SERVFAIL
    assert reasons(response) == [NO_REACHABLE_AUTHORITY]
