"""R1 to R4 and R8 to R10, octet by octet and by dnspython."""

from ipaddress import ip_address

import dns.message
import pytest

from app.answer.ddr import Designation
from app.answer.records import LocalResponse
from app.dnsname import to_wire

ADDRESSES = (ip_address("192.168.1.10"), ip_address("fd00::10"), ip_address("10.0.0.2"))
QUESTION = to_wire("_dns.resolver.arpa") + b"\0\x40\0\1"


def parsed(made: LocalResponse) -> dns.message.Message:
    return dns.message.from_wire(b"\0\0\x81\x80" + made.after_question(QUESTION))


def test_r1_r2_the_record_octet_by_octet() -> None:
    (record,) = Designation("dns.home.arpa", 853, ADDRESSES[:1]).answer().answer
    rdata = bytes.fromhex("0001") + b"\3dns\4home\4arpa\0"
    rdata += bytes.fromhex("0001 0004 03646f74  0004 0004 c0a8010a")
    assert record == bytes.fromhex("c00c 0040 0001 00000078") + len(rdata).to_bytes(2, "big") + rdata


def test_another_port_is_named_and_853_is_not() -> None:
    assert bytes.fromhex("0003 0002 2152") in Designation("dns.home.arpa", 8530, ADDRESSES).answer().answer[0]
    assert bytes.fromhex("0003 0002") not in Designation("dns.home.arpa", 853, ADDRESSES).answer().answer[0]


@pytest.mark.parametrize("port", [853, 8530])
def test_r1_r2_r8_as_a_library_reads_it(port: int) -> None:
    (rrset,) = parsed(Designation("dns.home.arpa", port, ADDRESSES).answer()).answer
    port_text = "" if port == 853 else f' port="{port}"'
    hints = 'ipv4hint="192.168.1.10,10.0.0.2" ipv6hint="fd00::10"'
    assert rrset[0].to_text() == f'1 dns.home.arpa. alpn="dot"{port_text} {hints}'


def test_r3_the_addresses_come_along() -> None:
    additional = parsed(Designation("dns.home.arpa", 853, ADDRESSES).answer()).additional
    assert [line for rrset in additional for line in rrset.to_text().splitlines()] == [
        "dns.home.arpa. 120 IN A 192.168.1.10",
        "dns.home.arpa. 120 IN A 10.0.0.2",
        "dns.home.arpa. 120 IN AAAA fd00::10",
    ]


def test_r10_it_is_forgotten_soon() -> None:
    answer = parsed(Designation("dns.home.arpa", 853, ADDRESSES).answer())
    assert {rrset.ttl for rrset in (*answer.answer, *answer.additional)} == {120}
