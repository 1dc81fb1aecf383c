"""What DNSSEC says about a zone reaches the client: AD, SERVFAIL, and the reason (RFC 4035, RFC 8914)."""

import time
from itertools import product

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

from .asking import addresses, ask, is_validated, reasons
from .conftest import Box

pytestmark = [pytest.mark.server, pytest.mark.engine]

BOGUS, EXPIRED, NOT_YET_VALID, DNSKEY_MISSING, RRSIGS_MISSING, NSEC_MISSING = 6, 7, 8, 9, 10, 12


@pytest.mark.parametrize(("name", "validated"), [("signed.test", True), ("unsigned.test", False)])
def test_a_signed_zone_is_validated_and_an_unsigned_delegation_is_not(
    own_authority: Box, name: str, *, validated: bool
) -> None:
    response = ask(own_authority, name)
    assert response.rcode() == dns.rcode.NOERROR
    assert addresses(response) == {"192.0.2.1"}
    assert is_validated(response) == validated
    assert reasons(response) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bogus.test", {BOGUS}),
        ("expired.test", {EXPIRED}),
        ("early.test", {NOT_YET_VALID}),
        ("stripped.test", {RRSIGS_MISSING}),
        ("absent.stripped.test", {DNSKEY_MISSING, NSEC_MISSING}),  # unbound 1.17 and 1.26
        ("foreign.test", {RRSIGS_MISSING}),  # none by the zone itself
        ("rekeyed.test", {DNSKEY_MISSING, BOGUS}),  # unbound 1.17 and 1.26
    ],
)
def test_x3_what_does_not_validate_is_servfail_with_the_reason(
    own_authority: Box, name: str, expected: set[int]
) -> None:
    found_out, remembered = (ask(own_authority, name, "TXT") for _ in range(2))
    for response in (found_out, remembered):
        assert response.rcode() == dns.rcode.SERVFAIL
        assert response.answer == []
        assert len(reasons(response)) == 1
    assert set(reasons(found_out)) <= expected
    assert set(reasons(remembered)) <= expected | {BOGUS}  # unbound 1.17 forgets the details


@pytest.mark.parametrize("zone", ["bogus", "expired", "early", "stripped", "foreign", "rekeyed"])
def test_d3_who_checks_for_himself_gets_what_does_not_validate(own_authority: Box, zone: str) -> None:
    response = ask(own_authority, f"{zone}.test", cd=True)
    assert response.rcode() == dns.rcode.NOERROR
    assert addresses(response) == {"192.0.2.1"}
    assert response.flags & dns.flags.CD
    assert not is_validated(response)


@pytest.mark.parametrize(("do", "ad", "cd"), list(product([False, True], repeat=3)))
def test_d1_d2_d3_flags_and_signatures_are_for_those_who_ask(
    own_authority: Box, *, do: bool, ad: bool, cd: bool
) -> None:
    signed, unsigned, bogus = (
        ask(own_authority, name, "AAAA", do=do, ad=ad, cd=cd) for name in ("signed.test", "unsigned.test", "bogus.test")
    )
    for response in (signed, unsigned, bogus):
        assert bool(response.ednsflags & dns.flags.DO) == do
        assert bool(response.flags & dns.flags.CD) == cd
        signatures = [rrset for rrset in response.answer if rrset.rdtype == dns.rdatatype.RRSIG]
        assert bool(signatures) == (do and response is not unsigned and response.rcode() == dns.rcode.NOERROR)
    assert is_validated(signed) == (do or ad)
    assert not is_validated(unsigned)
    assert not is_validated(bogus)
    assert bogus.rcode() == (dns.rcode.NOERROR if cd else dns.rcode.SERVFAIL)


def test_d4_one_clients_unchecked_answer_is_not_anothers(own_authority: Box) -> None:
    for _ in range(2):
        assert ask(own_authority, "expired.test", "AAAA", cd=True).rcode() == dns.rcode.NOERROR
        assert ask(own_authority, "expired.test", "AAAA").rcode() == dns.rcode.SERVFAIL


def test_x1_without_edns_there_is_no_reason_and_no_opt(own_authority: Box) -> None:
    response = ask(own_authority, "bogus.test", "MX", edns=False)
    assert response.rcode() == dns.rcode.SERVFAIL
    assert response.edns == -1
    assert response.additional == []


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode"),
    [("absent.pool.ntp.org", "A", dns.rcode.NXDOMAIN), ("pool.ntp.org", "CAA", dns.rcode.NOERROR)],
)
def test_x6_absence_has_the_soas_minimum_as_ttl_and_it_counts_down(
    own_authority: Box, name: str, rdtype: str, rcode: dns.rcode.Rcode
) -> None:
    # Nobody else asks for what is not in this zone, so its SOA is fresh.
    first = ask(own_authority, name, rdtype)
    time.sleep(2.1)  # the clock is what is tested
    second = ask(own_authority, name, rdtype)
    ttls = []
    for response in (first, second):
        (soa,) = (rrset for rrset in response.authority if rrset.rdtype == dns.rdatatype.SOA)
        assert (response.rcode(), soa[0].minimum) == (rcode, 60)
        ttls.append(soa.ttl)
    assert 30 < ttls[0] <= 60
    assert ttls[1] in range(ttls[0] - 30, ttls[0] - 1)


def test_x7_a_ttl_counts_down_and_never_exceeds_a_day(own_authority: Box) -> None:
    first = ask(own_authority, "long.signed.test").answer[0].ttl  # for longer than any run of the tests
    time.sleep(2.1)  # the clock is what is tested
    second = ask(own_authority, "long.signed.test").answer[0].ttl
    assert first <= 86400
    assert second in range(first - 30, first - 1)
