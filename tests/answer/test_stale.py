import dns.edns
import dns.message
import dns.rcode
import dns.rrset
import pytest

from app.answer import stale, wire

ALIAS = dns.rrset.from_text("www.example.", 1, "IN", "CNAME", "other.example.")
ADDRESS = dns.rrset.from_text("other.example.", 3600, "IN", "A", "192.0.2.1")
SERVER = dns.rrset.from_text("example.", 0, "IN", "NS", "ns.example.")
GLUE = dns.rrset.from_text("ns.example.", 86400, "IN", "A", "192.0.2.2")


def response(codes: list[int], *, records: bool = True) -> wire.UpstreamResponse:
    made = dns.message.make_response(dns.message.make_query("www.example.", "A", use_edns=0))
    if records:
        made.answer, made.authority, made.additional = [ALIAS, ADDRESS], [SERVER], [GLUE]
    made.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.make(code), "why") for code in codes])
    return wire.read_response(made.to_wire())


def ttls(given: wire.UpstreamResponse) -> list[int]:
    read = dns.message.from_wire(given.octets)
    return [rrset.ttl for section in (read.answer, read.authority, read.additional) for rrset in section]


@pytest.mark.parametrize("codes", [[3], [19], [22, 3]])
def test_x4_what_upstream_calls_stale_is_good_for_half_a_minute_and_not_kept_for_so_long(codes: list[int]) -> None:
    given = response(codes)
    told, is_stale = stale.shortened(given)
    assert is_stale
    assert ttls(told) == [30, 30, 30, 30]
    assert (told.ttl_s, told.ttl_offsets, told.opt) == (5, given.ttl_offsets, given.opt)


@pytest.mark.parametrize("codes", [[], [6], [22]])
def test_x4_what_is_not_stale_is_left_as_it_is(codes: list[int]) -> None:
    given = response(codes)
    assert stale.shortened(given) == (given, False)
    assert ttls(given) == [1, 3600, 0, 86400]


def test_x4_without_a_record_there_is_nothing_to_keep() -> None:
    assert stale.shortened(response([3], records=False))[0].ttl_s is None


def test_x4_without_opt_nothing_is_stale() -> None:
    made = dns.message.make_response(dns.message.make_query("www.example.", "A"))
    made.answer.append(dns.rrset.from_text("www.example.", 1, "IN", "A", "192.0.2.1"))
    assert ttls(stale.shortened(wire.read_response(made.to_wire()))[0]) == [1]
