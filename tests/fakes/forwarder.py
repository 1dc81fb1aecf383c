"""A resolver on loopback that does what its handler says, in threads: for tests that wait for other programs."""

import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from tests.appliance import free_ports

Handler = Callable[[dns.message.Message], dns.message.Message | None]


@dataclass(frozen=True, slots=True)
class FakeForwarder:
    """`seen` is what it was asked, like `www.example. A`."""

    port: int
    seen: list[str] = field(default_factory=list)

    @property
    def setting(self) -> str:
        """As `resolver.forward` takes it."""
        return f"127.0.0.1@{self.port}"

    def about(self, name: str) -> int:
        return sum(each.lower().startswith(f"{name}. ") for each in self.seen)


@contextmanager
def forwarding(handler: Handler, address: tuple[str, int] = ("127.0.0.1", 0)) -> Iterator[FakeForwarder]:
    """Run it on `address`; `handler` gets each query and returns the response, or None for silence. Port 0 is any that
    is free, for UDP and TCP."""
    address = address if address[1] else (address[0], free_ports(1)[0])

    def respond(octets: bytes) -> bytes | None:
        query = dns.message.from_wire(octets)
        (question,) = query.question
        forwarder.seen.append(f"{question.name} {dns.rdatatype.to_text(question.rdtype)}")
        response = handler(query)
        return None if response is None else response.to_wire(max_size=65535)

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            octets, own = self.request
            response = respond(octets)
            if response is not None:
                own.sendto(response, self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            response = respond(self.rfile.read(int.from_bytes(self.rfile.read(2), "big")))
            if response is not None:
                self.wfile.write(len(response).to_bytes(2, "big") + response)

    servers: list[Any] = [socketserver.ThreadingUDPServer(address, Datagram)]
    servers.append(socketserver.ThreadingTCPServer(address, Stream))
    forwarder = FakeForwarder(servers[0].server_address[1])
    for server in servers:
        server.daemon_threads = True
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield forwarder
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def saying(*lines: str) -> Handler:
    """Says these records, aliases followed, and of all others that there is nothing."""
    records = [line.split(" ", 2) for line in lines]

    def answer(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query, recursion_available=True)
        name, wanted = query.question[0].name, dns.rdatatype.to_text(query.question[0].rdtype)
        for _ in records:
            found = [(kind, data) for owner, kind, data in records if dns.name.from_text(owner) == name]
            kinds = {wanted, "CNAME"} & {kind for kind, _ in found}
            for kind in kinds:
                data = [data for each, data in found if each == kind]
                response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *data))
            if "CNAME" not in kinds or wanted == "CNAME":
                break
            name = response.answer[-1][0].target
        if not response.answer or response.answer[-1].rdtype == dns.rdatatype.CNAME != query.question[0].rdtype:
            response.authority.append(dns.rrset.from_text("example.", 60, "IN", "SOA", "ns. me. 1 2 3 4 5"))
        return response

    return answer
