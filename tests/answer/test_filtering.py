from ipaddress import ip_address

import dns.message
import dns.rcode
import dns.rrset
import pytest

from app.answer import edns, filtering, wire
from app.config.forwarding import Forwarder

QUAD9 = [
    Forwarder(ip_address("9.9.9.9"), 853, "dns.quad9.net"),
    Forwarder(ip_address("192.0.2.9"), 853, "dns.quad9.net"),
]
SOA, NSEC = "example. SOA ns. me. 1 2 3 4 5", "example. NSEC www.example. A"
ALIAS = "www.example. CNAME a.example."


def response(*answer: str, kind: str = "A", authority: tuple[str, ...] = (), rcode: int = 0) -> wire.UpstreamResponse:
    message = dns.message.make_response(dns.message.make_query("www.example.", kind, use_edns=0))
    message.set_rcode(dns.rcode.Rcode(rcode))
    for section, lines in ((message.answer, answer), (message.authority, authority)):
        for owner, rtype, data in (line.split(" ", 2) for line in lines):
            section.append(dns.rrset.from_text(owner, 300, "IN", rtype, data))
    return wire.read_response(message.to_wire())


@pytest.mark.parametrize("is_bogus", [False, True])
@pytest.mark.parametrize(
    ("found", "rcode"),
    [
        (response(rcode=3), 3),
        (response(ALIAS, rcode=3), 3),
        (response("www.example. A 0.0.0.0"), 0),
        (response("www.example. AAAA ::", kind="AAAA"), 0),
        (response(ALIAS, "a.example. A 0.0.0.0"), 0),
    ],
)
def test_a_filter_says_that_there_is_nothing_or_nobody(
    found: wire.UpstreamResponse, rcode: int, *, is_bogus: bool
) -> None:
    instead = filtering.instead(found, QUAD9, is_bogus=is_bogus)
    assert instead is not None
    assert (instead.rcode, instead.answer, len(instead.authority)) == (rcode, (), 1)
    assert edns.text_of(instead.errors) == "filtered by dns.quad9.net (resolver.forward)"


@pytest.mark.parametrize("is_bogus", [False, True])
@pytest.mark.parametrize(
    "found",
    [
        response("www.example. A 192.0.2.1"), response("www.example. A 0.0.0.0", "www.example. A 192.0.2.1"),
        response("www.example. A 0.0.0.1"), response(), response(authority=(SOA,)), response(ALIAS),
        response(authority=(SOA, NSEC), rcode=3), response("www.example. TXT hello", kind="TXT"), response(rcode=5),
        response("www.example. A 0.0.0.0", rcode=5), response("www.example. HTTPS 1 . ipv4hint=0.0.0.0", kind="HTTPS"),
    ],
)  # fmt: skip
def test_whatever_else_is_said_is_no_filters(found: wire.UpstreamResponse, *, is_bogus: bool) -> None:
    assert filtering.instead(found, QUAD9, is_bogus=is_bogus) is None


def test_a_soa_is_proof_enough_where_nothing_is_signed() -> None:
    denial = response(authority=(SOA,), rcode=3)
    assert filtering.instead(denial, QUAD9, is_bogus=False) is None
    assert filtering.instead(denial, QUAD9, is_bogus=True) is not None


def test_only_what_has_no_records_is_empty() -> None:
    assert filtering.is_empty(response())
    assert filtering.is_empty(response(authority=(SOA,)))
    assert not filtering.is_empty(response("www.example. A 0.0.0.0"))
    assert not filtering.is_empty(response(rcode=3))
