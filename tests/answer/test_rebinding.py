from ipaddress import ip_address

import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import strategies as st

from app.answer import records
from app.answer.rebinding import RebindProtection
from app.config.values import IPAddress
from app.errors import UpstreamError
from app.networks import INSIDE
from tests.reaching import reaching

REBINDING = RebindProtection(INSIDE, ["plex.direct"])


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
    assert REBINDING.points_home(response(f"1 svc.example. {hint}", kind=kind))
    assert REBINDING.points_home(response("1 . alpn=h2", f"2 . {hint}", kind=kind))


@pytest.mark.parametrize("hint", ["", "alpn=h2,h3", "ipv4hint=192.0.2.1 ipv6hint=2001:db8::1", "port=192"])
def test_an_address_of_the_internet_does_not_and_none_neither(hint: str) -> None:
    assert not REBINDING.points_home(response(f"1 svc.example. {hint}"))


def test_an_alias_has_no_address() -> None:
    assert not REBINDING.points_home(response("0 svc.example."))


@pytest.mark.parametrize("owner", ["plex.direct.", "1-2-3-4.AB.Plex.Direct."])
def test_an_exception_may_lead_home(owner: str) -> None:
    assert not REBINDING.points_home(response("1 . ipv4hint=192.168.1.5", owner=owner))


def test_without_protection_everything_may() -> None:
    assert not RebindProtection().points_home(response("1 . ipv4hint=192.168.1.5"))


def test_only_the_answer_counts() -> None:
    message = dns.message.from_wire(response("1 . ipv4hint=192.168.1.5"))
    message.additional, message.answer = message.answer, []
    assert not REBINDING.points_home(message.to_wire())


@pytest.mark.parametrize(
    "parameters", [b"\0", b"\0\4\0", b"\0\4\0\4\xc0\xa8\1", b"\0\4\0\3\xc0\xa8\1", b"\0\6\0\4\xc0\xa8\1\5"]
)
def test_parameters_that_cannot_be_read_are_upstreams_error(parameters: bytes) -> None:
    with pytest.raises(UpstreamError):
        REBINDING.points_home(with_parameters(parameters))


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
        found = REBINDING.points_home(message)
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
]  # fmt: skip
"""The far end of each network of a home."""


@pytest.mark.parametrize("address", IN_EACH_NETWORK)
def test_no_network_of_a_home_may_be_pointed_to(address: str) -> None:
    family = 6 if ":" in address else 4
    assert REBINDING.points_home(response(f"1 . ipv{family}hint={address}"))


def test_every_network_has_an_address_above() -> None:
    assert [str(net) for net in HOME if not any(ip_address(each) in net for each in IN_EACH_NETWORK)] == []


@pytest.mark.parametrize(
    "address",
    [
        "9.255.255.255", "11.0.0.1", "172.15.255.255", "172.32.0.1", "192.167.1.1", "192.169.1.1", "100.63.255.255",
        "100.128.0.1", "169.253.1.1", "126.255.255.255", "128.0.0.1", "1.0.0.1", "fbff::1", "::1:0:0:0",
        "64:ff9b::808:808", "64:ff9b::b00:1", "2002:b00:1::1", "2002:ac20::1", "64:ff9b:2::1",
    ],
)  # fmt: skip
def test_what_lies_beside_them_may(address: str) -> None:
    family = 6 if ":" in address else 4
    assert not REBINDING.points_home(response(f"1 . ipv{family}hint={address}"))


def test_a_target_that_has_no_end_is_upstreams_error() -> None:
    for target in (b"\x3f", b"\x80", b"\xc0\x0c", b""):
        rdata = (2 + len(target)).to_bytes(2, "big") + b"\0\1" + target
        broken = with_parameters(b"").removesuffix(b"\0\3\0\1\0") + rdata
        with pytest.raises(UpstreamError):
            REBINDING.points_home(broken)


def test_no_more_is_looked_at_than_anybody_needs() -> None:
    """16000 addresses in one record took a second."""
    enough, endless = (",".join(f"192.0.2.{n % 256}" for n in range(count)) for count in (255, 256))
    assert not REBINDING.points_home(response(f"1 . ipv4hint={enough}"))
    many = response(*(f"{n} . ipv4hint=192.0.2.1" for n in range(1, 130)))
    for message in response(f"1 . ipv4hint={endless}"), many:
        with pytest.raises(UpstreamError, match="too many addresses"):
            REBINDING.points_home(message)
        assert not RebindProtection().points_home(message)


def test_an_answer_without_anything_may_have_been_emptied() -> None:
    """unbound does that to A and AAAA, from 1.26 on to HTTPS too."""
    assert REBINDING.may_have_emptied(response(kind="A"))
    assert not REBINDING.may_have_emptied(response("192.0.2.1", kind="A"))
    assert not RebindProtection().may_have_emptied(response(kind="A"))


def test_an_answer_with_nothing_but_aliases_may_have_been_emptied_too() -> None:
    message = dns.message.from_wire(response("Home.Example.", kind="CNAME"))
    assert REBINDING.may_have_emptied(message.to_wire())
    message.answer.append(dns.rrset.from_text("home.example.", 300, "IN", "A", "192.0.2.1"))
    assert not REBINDING.may_have_emptied(message.to_wire())


def test_an_answer_of_an_exception_was_not_emptied() -> None:
    """Routers say that there is nothing without a SOA."""
    assert not REBINDING.may_have_emptied(response(owner="Nas.Plex.Direct.", kind="A"))
    assert not REBINDING.may_have_emptied(response("nas.plex.direct.", kind="CNAME"))
    assert REBINDING.may_have_emptied(response("home.example.", owner="plex.direct.", kind="CNAME"))


def test_an_answer_that_there_is_nothing_was_not_emptied() -> None:
    message = dns.message.make_response(dns.message.make_query("www.example.", "A"))
    message.authority = [dns.rrset.from_text("example.", 300, "IN", "SOA", "ns. me. 1 2 3 4 5")]
    assert not REBINDING.may_have_emptied(message.to_wire())
    message.authority = []
    message.set_rcode(dns.rcode.NXDOMAIN)
    assert not REBINDING.may_have_emptied(message.to_wire())
