"""What the parts of the front door ask of one another, and of the room that knows the answers."""

from collections.abc import Callable, Mapping
from typing import Protocol

from .admission import Limits

Reply = Callable[[bytes | None], None]


TransportInfo = Mapping[str, str | bool | None]
"""How questions come: `transport` is "tls", "tcp" or "udp"; with TLS `version`, `cipher`, `alpn` and `resumed`."""


class Peer(Protocol):
    """Who asks: `client` is the address, so that none takes more than its share of what can be unfinished. `here` is
    the address of ours that was asked; empty once the connection has ended, which `how` does not outlive."""

    @property
    def client(self) -> str: ...
    def how(self) -> TransportInfo: ...
    def here(self) -> str: ...


class Answerer(Protocol):
    """Where answers come from. Messages are whole, without their length."""

    def lookup(self, message: bytes) -> bytes | None:
        """The answer if it is known this instant."""

    def resolve(self, message: bytes, asker: Peer, idle_timeout_s: float | None, reply: Reply) -> None:
        """Call `reply` exactly once, now or later, with the answer or with None if the message deserves none.

        `idle_timeout_s` is how long this connection may be idle now; None where there is no connection (UDP).
        """


class Session(Protocol):
    """What lies between the socket and the messages: TLS, or nothing, and then `is_resumed` is None."""

    established: bool
    peer_closed: bool

    @property
    def is_resumed(self) -> bool | None: ...
    @property
    def has_output(self) -> bool: ...
    def receive(self, data: memoryview) -> bytes: ...
    def send(self, plaintext: bytes) -> bytes: ...
    def take_output(self) -> bytes: ...
    def close(self) -> bytes: ...
    def describe(self) -> str: ...
    def how(self) -> TransportInfo: ...


class ServerContext(Protocol):
    """What the connections of one server have in common."""

    limits: Limits
    answerer: Answerer
    count: memoryview

    def idle_timeout_s(self) -> float: ...
