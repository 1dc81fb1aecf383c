"""The name server of slow.test: `d2000.slow.test` is answered 2000 ms after it was first asked.

A label `d2000-anything` waits the same: every test takes a name of its own, which no cache knows. The delay counts from
the first query for a name and type: a resolver that asks again meanwhile, or at once after the answer as unbound does
after a timeout (it took the answer for a step of QNAME minimisation), does not wait any longer for it.
"""

import asyncio
import contextlib
import re
import sys
from collections.abc import Callable

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

ORIGIN = dns.name.from_text("slow.test.")
SERVER = dns.name.from_text("ns.slow.test.")
TIMED = re.compile(rb"d(\d{1,5})(-.*)?", re.IGNORECASE)
FORGET_S = 0.25  # after an answer: then the same name is slow again
RECORDS = {dns.rdatatype.A: "192.0.2.4", dns.rdatatype.AAAA: "2001:db8::4"}


class Responder(asyncio.DatagramProtocol):
    """Answers over UDP as a protocol, and over TCP through `serve_stream`."""

    def __init__(self, server_address: str) -> None:
        self._server_address = server_address
        self._due: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._answer_later(data, lambda response: self._transport.sendto(response, addr))

    async def serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                query = await reader.readexactly(length)
                self._answer_later(query, lambda response: writer.write(len(response).to_bytes(2, "big") + response))
        writer.close()

    def _answer_later(self, wire: bytes, send: Callable[[bytes], None]) -> None:
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return
        if query.question:
            task = asyncio.get_running_loop().create_task(self._answer(query, send))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, query: dns.message.Message, send: Callable[[bytes], None]) -> None:
        question = query.question[0]
        key = (question.name, question.rdtype)
        loop = asyncio.get_running_loop()
        due = self._due.setdefault(key, loop.time() + _delay_s(question.name))
        await asyncio.sleep(due - loop.time())
        send(self._response(query).to_wire())
        loop.call_later(FORGET_S, self._due.pop, key, None)

    def _response(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        name, rdtype = query.question[0].name, query.question[0].rdtype
        timed = _delay_s(name) > 0
        if timed and rdtype in RECORDS:
            response.answer.append(dns.rrset.from_text(name, 60, "IN", rdtype, RECORDS[rdtype]))
        elif name == ORIGIN and rdtype == dns.rdatatype.NS:
            response.answer.append(dns.rrset.from_text(name, 300, "IN", "NS", "ns.slow.test."))
        elif name == SERVER and rdtype == dns.rdatatype.A:
            response.answer.append(dns.rrset.from_text(name, 300, "IN", "A", self._server_address))
        else:
            if not timed and name not in (ORIGIN, SERVER):
                response.set_rcode(dns.rcode.NXDOMAIN)
            soa = dns.rrset.from_text(
                ORIGIN, 60, "IN", "SOA", "ns.slow.test. hostmaster.slow.test. 1 3600 600 86400 60"
            )
            (response.answer if (name, rdtype) == (ORIGIN, dns.rdatatype.SOA) else response.authority).append(soa)
        return response


def _delay_s(name: dns.name.Name) -> float:
    if not name.is_subdomain(ORIGIN) or name == ORIGIN:
        return 0
    match = TIMED.fullmatch(name.relativize(ORIGIN).labels[-1])
    return int(match[1]) / 1000 if match else 0


async def main(address: str) -> None:
    """Serve UDP and TCP on port 53 of `address` until SIGTERM."""
    loop = asyncio.get_running_loop()
    responder = Responder(address)
    await loop.create_datagram_endpoint(lambda: responder, local_addr=(address, 53))
    server = await asyncio.start_server(responder.serve_stream, address, 53)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
