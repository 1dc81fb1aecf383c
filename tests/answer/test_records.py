from ipaddress import ip_address
from time import process_time

import dns.message
import dns.name
import dns.rrset
import pytest

from app import dnsname
from app.answer import records, wire
from app.answer.records import LocalResponse, Target
from app.errors import UpstreamError
from tests import almost
from tests.reaching import reaching

TEXTS = [
    ("www.example.", "CNAME", "web.example."),
    ("web.example.", "A", "192.0.2.1"),
    ("web.example.", "AAAA", "2001:db8::1"),
    ("example.", "MX", "10 mail.example."),
    ("example.", "NS", "ns.example."),
    ("example.", "TXT", '"www.example."'),
    ("1.2.0.192.in-addr.arpa.", "PTR", "web.example."),
    ("web.example.", "HTTPS", "1 svc.example. alpn=h2"),
]
AUTHORITY = ("example.", "SOA", "ns.example. hostmaster.example. 1 2 3 4 5")


def response() -> bytes:
    message = dns.message.make_response(dns.message.make_query("www.example.", "A"))
    message.answer = [dns.rrset.from_text(owner, 300, "IN", kind, text) for owner, kind, text in TEXTS]
    message.authority = [dns.rrset.from_text(AUTHORITY[0], 300, "IN", *AUTHORITY[1:])]
    return message.to_wire()


def test_records_are_taken_out_of_their_message_whole() -> None:
    found = list(records.read(response()))
    assert [each.section for each in found] == [records.ANSWER] * len(TEXTS) + [records.AUTHORITY]
    made = LocalResponse(
        answer=tuple(each.octets() for each in found[:-1]), authority=(found[-1].octets(),)
    ).after_question(b"\5other\4name\0\0\1\0\1")
    parsed = dns.message.from_wire(b"\0\0\x81\x80" + made)
    assert [rrset.to_text() for rrset in parsed.answer] == [
        f"{owner} 300 IN {kind} {dns.rrset.from_text(owner, 0, 'IN', kind, text)[0]}" for owner, kind, text in TEXTS
    ]
    assert parsed.authority[0].to_text() == f"{AUTHORITY[0]} 300 IN SOA {AUTHORITY[2]}"


def test_addresses_are_those_in_the_answer_and_those_that_services_hint_at() -> None:
    message = dns.message.make_response(dns.message.make_query("www.example.", "HTTPS"))
    for kind, text in (
        ("A", "192.0.2.1"), ("AAAA", "2001:db8::1"),
        ("HTTPS", "1 . alpn=h2 ipv4hint=192.0.2.2,192.0.2.3 ipv6hint=2001:db8::2"), ("HTTPS", "0 svc.example."),
    ):  # fmt: skip
        message.answer.append(dns.rrset.from_text("www.example.", 300, "IN", kind, text))
    message.additional.append(dns.rrset.from_text("svc.example.", 300, "IN", "A", "192.0.2.9"))
    assert records.addresses(message.to_wire()) == [
        Target("192.0.2.1", is_service=False), Target("2001:db8::1", is_service=False),
        Target("192.0.2.2", is_service=True), Target("192.0.2.3", is_service=True),
        Target("2001:db8::2", is_service=True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rdata", "fault"),
    [(b"\0\1\0\0\4\0\5\1\2\3\4\5", "malformed"), (b"\0\1\0\0\4" + b"\x10\0" + bytes(4096) + b"", "")],
)
def test_hints_are_read_in_bounds(rdata: bytes, fault: str) -> None:
    octets = b"\0\0\x81\x80\0\1\0\2\0\0\0\0\3www\0\0\x41\0\1"
    octets += records.record(records.QNAME, wire.TYPE_HTTPS, 60, rdata) * 2
    with pytest.raises(UpstreamError, match=fault or "too many addresses"):
        records.addresses(octets)


@pytest.mark.parametrize(("rtype", "count"), [(3, 1), (4, 1), (7, 1), (8, 1), (9, 1), (14, 2)])
def test_the_old_types_that_may_hold_a_pointer_hold_none(rtype: int, count: int) -> None:
    name = b"\3www\7example\0"
    octets = b"\0\0\x81\x80\0\1\0\1\0\0\0\0" + name + b"\0\1\0\1"
    (found,) = records.read(octets + records.record(records.QNAME, rtype, 60, records.QNAME * count))
    assert found.rdata == name * count


def test_a_long_name_that_fills_an_answer_is_read_once() -> None:
    def took_s(owner: bytes) -> float:
        rrset = records.record(records.QNAME, wire.TYPE_HTTPS, 60, b"\0\1\0") * 2000
        octets = b"\0\0\x81\x80\0\1" + (2000).to_bytes(2, "big") + bytes(4) + owner + b"\0\x41\0\1" + rrset
        begun_s = process_time()
        assert sum(1 for _ in records.read(octets)) == 2000
        return process_time() - begun_s

    short_s, long_s = (min(took_s(b"\1a" * labels + b"\0") for _ in range(5)) for labels in (1, 127))
    assert long_s < 3 * short_s


def test_who_asks_for_some_types_gets_those() -> None:
    wanted = [wire.TYPE_CNAME, wire.TYPE_SOA]
    assert [each.type for each in records.read(response(), wanted)] == wanted


def test_aliases_are_the_targets_in_the_answer() -> None:
    assert records.targets(response()) == [("web.example", False), ("svc.example", True)]


@pytest.mark.parametrize(
    ("kind", "target", "found"),
    [
        ("SVCB", "Tracker.Example. ipv4hint=192.0.2.1", ["tracker.example"]),
        ("HTTPS", ". ipv4hint=192.0.2.1", []),
        ("HTTPS", ".", []),
    ],
)
def test_a_service_elsewhere_is_a_name_that_the_answer_leads_to(kind: str, target: str, found: list[str]) -> None:
    message = dns.message.make_response(dns.message.make_query("www.example.", kind))
    message.answer = [dns.rrset.from_text("www.example.", 300, "IN", kind, f"1 {target}")]
    assert records.targets(message.to_wire()) == [Target(name, is_service=True) for name in found]


def test_an_endless_row_of_aliases_is_upstreams_error() -> None:
    message = dns.message.make_response(dns.message.make_query("www.example.", "A"))
    row = [dns.rrset.from_text(f"{i}.example.", 300, "IN", "CNAME", f"{i + 1}.example.") for i in range(33)]
    message.answer = row[:32]
    assert len(records.targets(message.to_wire())) == 32
    message.answer = row
    with pytest.raises(UpstreamError, match="too many names"):
        records.targets(message.to_wire(max_size=65535))


@reaching(0.3, octets=almost.responses())
def test_whatever_upstream_sends_is_read_or_refused(octets: bytes) -> bool:
    try:
        readable = wire.read_response(octets)
        found = list(records.read(readable.octets))
        targets = records.targets(readable.octets)
    except UpstreamError:
        return False
    assert all(len(each.octets()) < 70_000 for each in found)
    assert (
        len(found)
        == len(readable.ttl_offsets)
        == sum(int.from_bytes(readable.octets[at : at + 2], "big") for at in (6, 8, 10))
    )
    leading = [each for each in found if each.section == records.ANSWER and each.type in wire.TARGET_TYPES]
    assert readable.has_targets is bool(leading)
    assert len(targets) <= len(leading)
    return True


def test_a_pointer_inside_a_record_that_leads_nowhere_is_upstreams_error() -> None:
    octets = b"\0\0\x81\x80\0\1\0\1\0\0\0\0\1a\0\0\1\0\1" + records.record(
        b"\xc0\x0c", wire.TYPE_CNAME, 60, b"\xff\xff"
    )
    with pytest.raises(UpstreamError):
        records.targets(octets)


@pytest.mark.parametrize(
    ("rtype", "rdata"), [(wire.TYPE_HTTPS, b""), (wire.TYPE_HTTPS, b"\0\1"), (wire.TYPE_SVCB, b"\0\1\3a")]
)
def test_a_service_without_a_whole_target_is_upstreams_error(rtype: int, rdata: bytes) -> None:
    octets = b"\0\0\x81\x80\0\1\0\1\0\0\0\0\1a\0\0\1\0\1" + records.record(b"\xc0\x0c", rtype, 60, rdata)
    with pytest.raises(UpstreamError, match="target"):
        records.targets(octets)


def test_addresses_are_of_their_type() -> None:
    for text, kind in (("192.0.2.1", "A"), ("2001:db8::1", "AAAA")):
        made = LocalResponse(answer=(records.address(records.QNAME, ip_address(text), 60),))
        parsed = dns.message.from_wire(b"\0\0\x81\x80" + made.after_question(b"\1a\0\0\1\0\1"))
        assert parsed.answer[0].to_text() == f"a. 60 IN {kind} {text}"


def test_x6_the_soa_lets_a_negative_answer_be_kept_as_long_as_it_says() -> None:
    made = LocalResponse(authority=(records.soa(dnsname.to_wire("home.arpa"), 60),))
    parsed = dns.message.from_wire(b"\0\0\x81\x80" + made.after_question(b"\1a\0\0\1\0\1"))
    assert parsed.authority[0].to_text() == "home.arpa. 60 IN SOA home.arpa. nobody.invalid. 1 3600 1200 604800 60"
