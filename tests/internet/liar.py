"""Networks that lie about the root: between us and a root server, they give back something else than it said."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dns.asyncquery
import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm

from tests.internet import ROOT, Internet

Mangle = Callable[[dns.message.Message], dns.message.Message]


class Liar(asyncio.DatagramProtocol):
    """Between us and a root server: passes the query on, and gives back what `mangle` makes of the answer."""

    def __init__(self, root: str, mangle: Mangle) -> None:
        self._root, self._mangle = root, mangle
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        truth = await dns.asyncquery.udp(dns.message.from_wire(data), self._root, timeout=5)
        self._transport.sendto(self._mangle(truth).to_wire(), addr)


@asynccontextmanager
async def lying(internet: Internet, host: int, mangle: Mangle) -> AsyncIterator[None]:
    """Run a Liar over UDP on port 53 of `host` in this run's block; 100..254 are free."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Liar(internet.address(ROOT), mangle), local_addr=(internet.address(host), 53)
    )
    try:
        yield
    finally:
        transport.close()


def without_aa(truth: dns.message.Message) -> dns.message.Message:
    truth.flags &= ~dns.flags.AA
    return truth


def without_signature(truth: dns.message.Message) -> dns.message.Message:
    truth.answer = [rrset for rrset in truth.answer if rrset.rdtype != dns.rdatatype.RRSIG]
    return truth


def nothing_found(truth: dns.message.Message) -> dns.message.Message:
    truth.answer = []
    return truth


def about_something_else(truth: dns.message.Message) -> dns.message.Message:
    other = dns.message.make_response(dns.message.make_query("test.", "DNSKEY", id=truth.id))
    other.answer = truth.answer
    return other


def with_a_key_of_its_own(truth: dns.message.Message) -> dns.message.Message:
    """The genuine key is there too, but only the liar's signs."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = dns.dnssec.make_dnskey(key.public_key(), Algorithm.ECDSAP256SHA256, flags=257)
    keys = truth.find_rrset(truth.answer, dns.name.root, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
    keys.add(public)
    signature = dns.dnssec.sign(keys, key, dns.name.root, public, lifetime=3600)
    truth.answer = [keys, dns.rrset.from_rdata(dns.name.root, 60, signature)]
    return truth


def with_another_key_added(truth: dns.message.Message) -> dns.message.Message:
    """The genuine signature is there, but it does not cover what was added."""
    key = ec.generate_private_key(ec.SECP256R1())
    keys = truth.find_rrset(truth.answer, dns.name.root, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
    keys.add(dns.dnssec.make_dnskey(key.public_key(), Algorithm.ECDSAP256SHA256, flags=257))
    return truth


def truncated(truth: dns.message.Message) -> dns.message.Message:
    truth.flags |= dns.flags.TC
    truth.answer = []
    return truth
