from ipaddress import ip_address
from itertools import pairwise

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import strategies as st

from app.answer import records, wire
from app.answer.local import LocalRecords
from app.answer.rebinding import HomeLead, RebindProtection, nothing
from app.answer.special import SpecialNames
from app.config.values import IPAddress
from app.errors import UpstreamError
from app.networks import INSIDE
from tests.reaching import reaching

LOCAL = LocalRecords({"nas.home.arpa": [ip_address("192.168.1.5")], "tv.example.net": [ip_address("192.168.1.6")]}, {})
SPECIAL = SpecialNames()
PROTECTION = RebindProtection(INSIDE, ["plex.direct", "fritz.box"], (SPECIAL.fixed, LOCAL, SPECIAL.reserved))


def lead(message: bytes, asked: str = "www.example", by: RebindProtection = PROTECTION) -> HomeLead | None:
    """How an answer leads home, if it does."""
    response = wire.read_response(message)
    return by.leads_home(asked, response, records.targets(response.octets))


def leads_home(message: bytes, asked: str = "www.example") -> bool:
    return lead(message, asked) is not None


def of(*lines: str, asked: str = "www.example.", kind: str = "A", additional: str = "", rcode: int = 0) -> bytes:
    """An answer whose records are `lines`."""
    message = dns.message.make_response(dns.message.make_query(asked, kind))
    message.set_rcode(dns.rcode.Rcode(rcode))
    message.answer = rrsets(*lines)
    message.additional = rrsets(additional) if additional else []
    return message.to_wire()


def rrsets(*lines: str) -> list[dns.rrset.RRset]:
    return [
        dns.rrset.from_text(owner, 300, "IN", kind, data)
        for owner, kind, data in (each.split(" ", 2) for each in lines)
    ]


def response(*texts: str, owner: str = "www.example.", kind: str = "HTTPS") -> bytes:
    message = dns.message.make_response(dns.message.make_query(owner, kind))
    message.answer = [dns.rrset.from_text(owner, 300, "IN", kind, text) for text in texts]
    return message.to_wire()


def with_parameters(octets: bytes) -> bytes:
    """A record whose parameters are `octets`."""
    plain = response("1 .")
    at = plain.rindex(b"\0\3\0\1\0")
    return plain[:at] + (3 + len(octets)).to_bytes(2, "big") + b"\0\1\0" + octets


@pytest.mark.parametrize("kind", ["HTTPS", "SVCB"])
@pytest.mark.parametrize(
    "hint",
    [
        "ipv4hint=192.168.1.5", "ipv4hint=192.0.2.1,10.0.0.5", "ipv4hint=127.0.0.1", "ipv4hint=100.64.0.1",
        "ipv6hint=fd00::5", "ipv6hint=2001:db8::1,fe80::1", "ipv6hint=::1", "ipv6hint=::ffff:192.168.1.5",
        "ipv6hint=64:ff9b::c0a8:105", "alpn=h2 port=8443 ipv4hint=172.16.0.1 ipv6hint=2001:db8::1",
    ],
)  # fmt: skip
def test_an_address_of_a_home_leads_home(kind: str, hint: str) -> None:
    assert leads_home(response(f"1 svc.example. {hint}", kind=kind))
    assert leads_home(response("1 . alpn=h2", f"2 . {hint}", kind=kind))


@pytest.mark.parametrize("hint", ["", "alpn=h2,h3", "ipv4hint=192.0.2.1 ipv6hint=2001:db8::1", "port=192"])
def test_an_address_of_the_internet_does_not_and_none_neither(hint: str) -> None:
    assert not leads_home(response(f"1 svc.example. {hint}"))


def test_an_alias_has_no_address() -> None:
    assert not leads_home(response("0 svc.example."))


@pytest.mark.parametrize("owner", ["plex.direct.", "1-2-3-4.AB.Plex.Direct."])
def test_an_exception_may_lead_home(owner: str) -> None:
    assert not leads_home(response("1 . ipv4hint=192.168.1.5", owner=owner), owner.lower().rstrip("."))


def test_without_protection_everything_may() -> None:
    assert lead(response("1 . ipv4hint=192.168.1.5"), by=RebindProtection()) is None
    assert lead(of("www.example. A 192.168.1.5"), by=RebindProtection()) is None
    assert lead(of("www.example. CNAME nas.home.arpa."), by=RebindProtection()) is None


def test_of_services_only_those_in_the_answer_count() -> None:
    message = dns.message.from_wire(response("1 . ipv4hint=192.168.1.5"))
    message.additional, message.answer = message.answer, []
    assert not leads_home(message.to_wire())


@pytest.mark.parametrize(
    "parameters", [b"\0", b"\0\4\0", b"\0\4\0\4\xc0\xa8\1", b"\0\4\0\3\xc0\xa8\1", b"\0\6\0\4\xc0\xa8\1\5"]
)
def test_parameters_that_cannot_be_read_are_upstreams_error(parameters: bytes) -> None:
    with pytest.raises(UpstreamError):
        leads_home(with_parameters(parameters))


PARAMETER: st.SearchStrategy[tuple[int, list[IPAddress]]] = st.one_of(
    st.tuples(st.just(4), st.lists(st.ip_addresses(v=4), min_size=1, max_size=3)),
    st.tuples(st.just(6), st.lists(st.ip_addresses(v=6), min_size=1, max_size=3)),
    st.tuples(st.sampled_from([1, 3, 7]), st.just([])),
)
HOME = INSIDE


@reaching(
    0.3, parameters=st.lists(PARAMETER, max_size=4), damage=st.none() | st.none() | st.binary(min_size=1, max_size=5)
)
def test_any_parameters_are_read_or_upstreams_error(
    parameters: list[tuple[int, list[IPAddress]]], damage: bytes | None
) -> bool:
    values = [(key, b"".join(each.packed for each in addresses)) for key, addresses in parameters]
    octets = b"".join(key.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for key, value in values)
    message = with_parameters(octets + (damage or b""))
    try:
        found = leads_home(message)
    except UpstreamError:
        return False
    (record,) = records.read(message)
    assert record.rdata == b"\0\1\0" + octets + (damage or b"")
    if damage is None:
        assert found == any(address in network for _, own in parameters for address in own for network in HOME)
    return True


IN_EACH_NETWORK = [
    "10.255.255.254", "172.31.255.254", "192.168.255.1", "100.127.255.254", "169.254.255.1", "127.255.255.254",
    "0.255.255.255", "fdff::1", "febf::1", "feff::1", "::c0a8:105", "::ffff:8.8.8.8", "64:ff9b:1:ffff::1",
    "64:ff9b::aff:fffe", "64:ff9b::ac1f:fffe", "64:ff9b::c0a8:ffff", "64:ff9b::647f:fffe", "64:ff9b::a9fe:ffff",
    "64:ff9b::7fff:fffe", "2002:aff:ffff::1", "2002:ac1f:ffff::1", "2002:c0a8:ffff::1", "2002:647f:ffff::1",
    "2002:a9fe:ffff::1", "2002:7fff:ffff::1", "::1", "64:ff9b::ff:fffe", "2002:ff:ffff::1",
    "192.0.0.255", "198.19.255.255", "255.255.255.255", "239.255.255.255", "ffff::1", "2001:1ff::1",
    "::ffff:0:ffff:ffff", "64:ff9b::c000:ff", "64:ff9b::c613:ffff", "64:ff9b::ffff:ffff", "64:ff9b::efff:ffff",
    "2002:c000:ff::1", "2002:c613:ffff::1", "2002:ffff:ffff::1", "2002:efff:ffff::1",
]  # fmt: skip
"""The far end of each network of a home."""


@pytest.mark.parametrize("address", IN_EACH_NETWORK)
def test_no_network_of_a_home_may_be_pointed_to(address: str) -> None:
    family, kind = (6, "AAAA") if ":" in address else (4, "A")
    assert leads_home(response(f"1 . ipv{family}hint={address}"))
    assert leads_home(of(f"www.example. {kind} {address}", kind=kind))


def test_every_network_has_an_address_above() -> None:
    assert [str(net) for net in HOME if not any(ip_address(each) in net for each in IN_EACH_NETWORK)] == []


@pytest.mark.parametrize(
    "address",
    [
        "9.255.255.255", "11.0.0.1", "172.15.255.255", "172.32.0.1", "192.167.1.1", "192.169.1.1", "100.63.255.255",
        "100.128.0.1", "169.253.1.1", "126.255.255.255", "128.0.0.1", "1.0.0.1", "fbff::1", "::1:0:0:0",
        "64:ff9b::808:808", "64:ff9b::b00:1", "2002:b00:1::1", "2002:ac20::1", "64:ff9b:2::1",
        "192.0.1.0", "191.255.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:200::1", "2000::1",
        "fe00::1", "2002:c611:ffff::1", "64:ff9b::c000:100", "192.0.2.1", "203.0.113.1", "2001:db8::1",
    ],
)  # fmt: skip
def test_what_lies_beside_them_may(address: str) -> None:
    family, kind = (6, "AAAA") if ":" in address else (4, "A")
    assert not leads_home(response(f"1 . ipv{family}hint={address}"))
    assert not leads_home(of(f"www.example. {kind} {address}", kind=kind))


def test_a_target_that_has_no_end_is_upstreams_error() -> None:
    for target in (b"\x3f", b"\x80", b"\xc0\x0c", b""):
        rdata = (2 + len(target)).to_bytes(2, "big") + b"\0\1" + target
        broken = with_parameters(b"").removesuffix(b"\0\3\0\1\0") + rdata
        with pytest.raises(UpstreamError):
            leads_home(broken)


def test_no_more_is_looked_at_than_anybody_needs() -> None:
    """16000 addresses in one record took a second."""
    enough, endless = (",".join(f"192.0.2.{n % 256}" for n in range(count)) for count in (255, 256))
    assert not leads_home(response(f"1 . ipv4hint={enough}"))
    many = response(*(f"{n} . ipv4hint=192.0.2.1" for n in range(1, 130)))
    for message in response(f"1 . ipv4hint={endless}"), many:
        with pytest.raises(UpstreamError, match="too many addresses"):
            leads_home(message)
        assert lead(message, by=RebindProtection()) is None


# --- what counts is the name that was asked ---------------------------------------------------------------------------

HOME_NAMES = [
    "router.fritz.box.", "FRITZ.box.", "192-168-1-1.ab.plex.direct.", "nas.home.arpa.", "tv.example.net.",
    "other.home.arpa.", "printer.local.", "localhost.", "a.localhost.", "x.test.", "5.1.168.192.in-addr.arpa.",
]  # fmt: skip
"""In a route, in an exception, in `local`, and special."""


@pytest.mark.parametrize("target", HOME_NAMES)
@pytest.mark.parametrize("between", [0, 1, 8])
def test_no_alias_of_a_stranger_may_lead_into_the_home_over_a_name_that_may(target: str, between: int) -> None:
    chain = ["www.example.", *(f"a{number}.example." for number in range(between)), target]
    aliases = [f"{owner} CNAME {leads_to}" for owner, leads_to in pairwise(chain)]
    for message in (
        of(*aliases, f"{target} A 192.168.1.1"),
        of(*aliases),
        of(*aliases, kind="TXT"),
        of(*aliases, rcode=3),
    ):
        found = lead(message)
        assert found is not None
        assert found.rest.answer == ()
        assert found.rest.rcode == 0
    assert lead(of(*aliases)).target == target.lower().rstrip(".")  # type: ignore[union-attr]


def test_nor_a_dname_for_the_alias_that_it_makes_is_there_too() -> None:
    made = of("example. DNAME fritz.box.", "www.example. CNAME www.fritz.box.", "www.fritz.box. A 192.168.178.1")
    assert leads_home(made)


def test_an_alias_to_such_a_name_may_stay_where_it_ends_outside() -> None:
    """It reaches nobody at home, and public names of a split domain lead to one another."""
    assert not leads_home(of("www.example. CNAME www.fritz.box.", "www.fritz.box. A 192.0.2.1"))


def test_what_is_answered_instead_is_kept_for_a_minute() -> None:
    assert nothing().authority == (records.soa(records.QNAME, 60),)


def test_an_address_beside_the_answer_does_not_make_an_alias_end_outside() -> None:
    assert leads_home(of("www.example. CNAME www.fritz.box.", additional="www.fritz.box. A 192.0.2.1"))


@pytest.mark.parametrize("count", [1, 20, 50])
def test_a_record_ends_where_it_says_also_if_it_is_long(count: int) -> None:
    many = ",".join(["2001:db8::1"] * count)
    assert not leads_home(response(f"1 . ipv6hint={many}", "2 . ipv4hint=192.0.2.1"))
    assert leads_home(response(f"1 . ipv6hint={many}", "2 . ipv4hint=192.168.1.5"))


@pytest.mark.parametrize("priority", [0, 1, 9])
@pytest.mark.parametrize("kind", ["HTTPS", "SVCB"])
@pytest.mark.parametrize("target", HOME_NAMES)
def test_no_service_of_a_stranger_may_be_at_a_name_of_the_home(target: str, kind: str, priority: int) -> None:
    parameters = " ipv4hint=192.0.2.1" if priority else ""
    found = lead(response(f"{priority} {target}{parameters}", kind=kind))
    assert found is not None
    assert found.target == target.lower().rstrip(".")


@pytest.mark.parametrize("asked", ["fritz.box", "nas.fritz.box", "192-168-1-1.ab.plex.direct"])
def test_a_name_that_may_lead_home_may_do_so_over_any_other(asked: str) -> None:
    assert not leads_home(of(f"{asked}. A 192.168.1.1"), asked)
    assert not leads_home(of(f"{asked}. CNAME other.example.", "other.example. A 192.168.1.1"), asked)
    assert not leads_home(of(f"{asked}. CNAME nas.home.arpa."), asked)
    assert not leads_home(response("1 nas.fritz.box. ipv4hint=192.168.1.1", owner=f"{asked}."), asked)


def test_a_name_beside_an_exception_is_none() -> None:
    for name in ("xplex.direct", "direct", "plex.direct.example", "box"):
        assert leads_home(of(f"{name}. A 192.168.1.1"), name)
        assert not leads_home(of(f"www.example. CNAME {name}."))


# --- what remains -----------------------------------------------------------------------------------------------------


def remains(message: bytes) -> list[str]:
    found = lead(message)
    assert found is not None
    question = message[12 : 12 + len(b"\3www\7example\0") + 4]
    rest = found.rest
    answer = dns.message.from_wire(b"\0\0\x81" + (0x80 | rest.rcode).to_bytes(1, "big") + rest.after_question(question))
    return [rrset.to_text() for rrset in (*answer.answer, *answer.additional)]


@pytest.mark.parametrize("addresses", [("192.0.2.6", "10.0.0.6"), ("10.0.0.6", "192.0.2.6")])
def test_addresses_outside_remain_without_those_inside(addresses: tuple[str, str]) -> None:
    both = of("www.example. CNAME a.example.", *(f"a.example. A {each}" for each in addresses))
    assert remains(both) == ["www.example. 300 IN CNAME a.example.", "a.example. 300 IN A 192.0.2.6"]


def test_nothing_remains_where_all_are_inside() -> None:
    assert remains(of("www.example. CNAME a.example.", "a.example. A 10.0.0.6", "a.example. A 10.0.0.7")) == []


def test_an_address_that_comes_along_is_left_out_too() -> None:
    message = of("www.example. MX 1 a.example.", kind="MX", additional="a.example. A 10.0.0.6")
    assert remains(message) == ["www.example. 300 IN MX 1 a.example."]


def test_a_record_of_services_with_one_hint_inside_is_none() -> None:
    assert remains(response("1 . ipv4hint=192.0.2.1", "2 . ipv4hint=10.0.0.6")) == []


@pytest.mark.parametrize("data", [b"", b"\x0a\0\0", b"\x0a\0\0\6\0"])
@pytest.mark.parametrize("rtype", [1, 28])
def test_an_address_of_another_length_is_upstreams_error(data: bytes, rtype: int) -> None:
    record = b"\xc0\x0c" + rtype.to_bytes(2, "big") + b"\0\1\0\0\1\x2c" + len(data).to_bytes(2, "big") + data
    message = of()[:6] + b"\0\1" + of()[8:] + record
    with pytest.raises(UpstreamError):
        lead(message)


# --- what may all the same --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["192.0.0.170", "192.0.0.171"])
def test_the_name_that_tells_of_translation_may_have_its_two_addresses_however_they_are_translated(
    address: str,
) -> None:
    asked = "ipv4only.arpa"
    assert not leads_home(of(f"{asked}. A {address}"), asked)
    for prefix in ("64:ff9b::", "64:ff9b:1::", "2001:db8::"):
        assert not leads_home(of(f"{asked}. AAAA {prefix}{address}"), asked)
    assert leads_home(of(f"www.example. A {address}"))


@pytest.mark.parametrize("address", ["192.0.0.169", "192.0.0.172", "192.168.0.170", "10.0.0.1"])
def test_and_no_others(address: str) -> None:
    assert leads_home(of(f"ipv4only.arpa. A {address}"), "ipv4only.arpa")
    assert leads_home(of(f"ipv4only.arpa. AAAA 64:ff9b::{address}"), "ipv4only.arpa")


def test_what_the_owner_told_unbound_to_answer_is_no_answer_from_the_internet() -> None:
    message = dns.message.from_wire(of("www.example. A 192.168.1.5"))
    message.flags |= dns.flags.AA
    assert not leads_home(message.to_wire())
