"""Between a resolver and a server of the tests' internet: lets questions through, or not, and counts them."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Literal

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype

State = Literal["open", "silent", "failing", "unsigned"]
Address = tuple[str, int]


class Valve:
    """`state`: "open" passes on, "silent" drops, "failing" answers SERVFAIL, "unsigned" leaves signatures out.

    It counts questions in every state.
    """

    def __init__(self, server: Address) -> None:
        self.state: State = "open"
        self._asked: Counter[str] = Counter()
        self._server = server

    def about(self, name: str) -> int:
        """How often it was asked about `name` (no trailing dot, lower case), whatever the type."""
        return self._asked[name]

    def answer(self, message: bytes) -> bytes | None:
        try:
            query = dns.message.from_wire(message)
        except dns.exception.DNSException:
            return None
        self._asked.update(question.name.to_text(omit_final_dot=True).lower() for question in query.question)
        match self.state:
            case "silent":
                return None
            case "failing":
                failure = dns.message.make_response(query)
                failure.set_rcode(dns.rcode.SERVFAIL)
                return failure.to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
            upstream.settimeout(10)
            upstream.sendto(message, self._server)
            try:
                response = upstream.recv(65535)
            except TimeoutError:
                return None
        return _unsigned(response) if self.state == "unsigned" else response


def _unsigned(response: bytes) -> bytes:
    message = dns.message.from_wire(response)
    for section in (message.answer, message.authority):
        section[:] = [rrset for rrset in section if rrset.rdtype != dns.rdatatype.RRSIG]
    return message.to_wire()


@contextmanager
def valve(address: Address, server: Address) -> Iterator[Valve]:
    """Run a Valve over UDP on `address`, in front of `server`."""
    passing = Valve(server)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as front, ThreadPoolExecutor(16) as pool:
        front.bind(address)

        def reply(message: bytes, client: Address) -> None:
            answer = passing.answer(message)
            if answer is not None:
                front.sendto(answer, client)

        def listen() -> None:
            while message_and_client := front.recvfrom(65535):
                message, client = message_and_client
                if not message:
                    return
                pool.submit(reply, message, client)

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield passing
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", address)
            listener.join()
