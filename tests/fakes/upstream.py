"""A resolver on loopback that does what its handler says, over UDP and TCP, and remembers what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dns.message
import dns.rrset

Handler = Callable[[dns.message.Message], dns.message.Message | None]


class FakeUpstream:
    """`handler` gets each query and returns the response, or None for silence."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.seen: list[dns.message.Message] = []
        self.asked = asyncio.Event()
        self.asked_over_tcp = asyncio.Event()
        self.port = 0

    def respond(self, octets: bytes) -> bytes | None:
        query = dns.message.from_wire(octets)
        self.seen.append(query)
        self.asked.set()
        response = self.handler(query)
        return None if response is None else response.to_wire(max_size=65535)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, fake: FakeUpstream) -> None:
        self._fake = fake

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        response = self._fake.respond(data)
        if response is not None:
            self._transport.sendto(response, addr)


@asynccontextmanager
async def serving(handler: Handler, streams: Handler | None = None, port: int = 0) -> AsyncIterator[FakeUpstream]:
    """Serve UDP with `handler`, and TCP on the same port with `streams` if given; every TCP connection must end."""
    fake = FakeUpstream(handler)
    tasks: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        octets = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        assert streams is not None
        response = streams(dns.message.from_wire(octets))
        fake.asked_over_tcp.set()
        if response is None:
            await reader.read()  # until the other gives up
        else:
            wire = response.to_wire(max_size=65535)
            writer.write(len(wire).to_bytes(2, "big") + wire)
        writer.close()
        await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.get_running_loop().create_task(answer(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", port) if streams else None
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(fake), local_addr=("127.0.0.1", server.sockets[0].getsockname()[1] if server else port)
    )
    fake.port = transport.get_extra_info("sockname")[1]
    try:
        yield fake
    finally:
        transport.close()
        if server is not None:
            server.close()
            async with asyncio.timeout(10):
                await asyncio.gather(*tasks)


def address_of(query: dns.message.Message, address: str = "192.0.2.1", ttl_s: int = 300) -> dns.message.Message:
    """A response that gives `address` for whatever was asked."""
    response = dns.message.make_response(query, recursion_available=True)
    response.answer.append(dns.rrset.from_text(query.question[0].name, ttl_s, "IN", "A", address))
    return response
