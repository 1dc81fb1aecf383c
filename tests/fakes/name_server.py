"""A name server in a thread that answers from a dictionary of texts: for what the tests' own internet does not have."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Records = Mapping[tuple[str, str], Sequence[str]]
"""By name, without its last dot, and type."""


class NameServer:
    """UDP and TCP at `address`. `asked` are names and types. Names below `silent` are not answered."""

    def __init__(self, records: Records, address: str = "127.0.0.1", port: int = 0, silent: str = "") -> None:
        self.records = records
        self.asked: list[tuple[str, str]] = []
        self._silent = silent
        self._listener = socket.create_server((address, port))
        self.port: int = self._listener.getsockname()[1]
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind((address, self.port))

    @contextmanager
    def running(self) -> Iterator["NameServer"]:
        threads = [threading.Thread(target=self._serve), threading.Thread(target=self._serve_streams)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            with socket.socket(type=socket.SOCK_DGRAM) as ending:
                ending.sendto(b"", self._socket.getsockname())
            self._listener.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            self._socket.close()
            self._listener.close()

    def _serve(self) -> None:
        while True:
            octets, client = self._socket.recvfrom(65535)
            if not octets:
                return
            answer = self._answer(dns.message.from_wire(octets))
            if answer is not None:
                self._socket.sendto(answer.to_wire(), client)

    def _serve_streams(self) -> None:
        """One question for each connection."""
        with suppress(OSError):  # the end
            while True:
                connection, _ = self._listener.accept()
                connection.settimeout(5)
                with connection, suppress(OSError, EOFError), connection.makefile("rb") as stream:
                    octets = stream.read(int.from_bytes(stream.read(2), "big"))
                    answer = self._answer(dns.message.from_wire(octets))
                    if answer is not None:
                        wire = answer.to_wire()
                        connection.sendall(len(wire).to_bytes(2, "big") + wire)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if self._silent and name.endswith(self._silent):
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA | dns.flags.RA
        for _ in range(8):
            if found := self.records.get((name, kind)):
                texts = [f'"{text}"' if kind == "TXT" else text for text in found]
                answer.answer.append(dns.rrset.from_text(f"{name}.", 1, "IN", kind, *texts))
            alias = self.records.get((name, "CNAME"))
            if found or not alias or kind == "CNAME":
                break
            answer.answer.append(dns.rrset.from_text(f"{name}.", 1, "IN", "CNAME", *alias))
            name = alias[0].rstrip(".")
        return answer
