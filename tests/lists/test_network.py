import asyncio
import socket
from ipaddress import ip_address

import dns.message
import dns.rcode
import dns.rrset
import pytest

from app.errors import ListError
from app.lists.network import SocketNetwork
from tests.fakes.upstream import serving

pytestmark = pytest.mark.anyio


def resolver(query: dns.message.Message) -> dns.message.Message:
    """lists.example has one address of each kind, an alias leads to it, v6.example has one, nothing.example none."""
    response = dns.message.make_response(query, recursion_available=True)
    question = query.question[0]
    name, kind = question.name.to_text(), question.rdtype.name
    if name == "alias.example.":
        response.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", "lists.example."))
        name = "lists.example."
    records = {("lists.example.", "A"): "192.0.2.1", ("lists.example.", "AAAA"): "2001:db8::1"}
    records |= {("v6.example.", "AAAA"): "2001:db8::2"}
    if (name, kind) in records:
        response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, records[name, kind]))
    elif name == "missing.example.":
        response.set_rcode(dns.rcode.NXDOMAIN)
    elif name == "broken.example.":
        response.set_rcode(dns.rcode.SERVFAIL)
    return response


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("lists.example", ["192.0.2.1", "2001:db8::1"]),
        ("alias.example", ["192.0.2.1", "2001:db8::1"]),
        ("v6.example", ["2001:db8::2"]),
    ],
)
async def test_names_are_asked_of_our_own_resolver(host: str, addresses: list[str]) -> None:
    async with serving(resolver) as fake:
        found = await asyncio.to_thread(SocketNetwork(fake.port).addresses, host)
        assert [str(address) for address in found] == addresses
        assert fake.seen


@pytest.mark.parametrize(
    ("host", "fault"),
    [
        ("missing.example", "there is no such name"),
        ("nothing.example", "it has no address"),
        ("broken.example", "the resolver does not answer"),
        ("a..example", "the resolver does not answer"),
    ],
)
async def test_a_name_without_an_address_is_told(host: str, fault: str) -> None:
    async with serving(resolver) as fake:
        with pytest.raises(ListError, match=fault):
            await asyncio.to_thread(SocketNetwork(fake.port).addresses, host)


async def test_a_resolver_that_is_not_there_is_told_in_time() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        network = SocketNetwork(silent.getsockname()[1], lookup_s=0.2)
        with pytest.raises(ListError, match="the resolver does not answer"):
            await asyncio.to_thread(network.addresses, "lists.example")


@pytest.mark.parametrize("host", ["nas.home.arpa", "nas.home.arpa."])
async def test_a_name_at_home_needs_no_resolver(host: str) -> None:
    home = {"nas.home.arpa": ("nas.home.arpa", (ip_address("192.168.1.5"), ip_address("fd00::5")))}
    found = SocketNetwork(1, home.__getitem__).addresses(host)
    assert [str(address) for address in found] == ["192.168.1.5", "fd00::5"]


async def test_what_a_name_at_home_leads_to_is_asked_of_the_resolver() -> None:
    async with serving(resolver) as fake:
        network = SocketNetwork(fake.port, lambda _: ("v6.example", ()))
        assert await asyncio.to_thread(network.addresses, "lists.home.arpa") == [ip_address("2001:db8::2")]


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
async def test_an_address_needs_no_resolver(address: str) -> None:
    assert SocketNetwork(1).addresses(address) == [ip_address(address)]


async def test_connects_to_an_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with SocketNetwork(1).connect(ip_address("127.0.0.1"), port, 5.0) as connection:
            assert connection.getpeername() == ("127.0.0.1", port)
