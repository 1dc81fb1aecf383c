"""Who gets in when room is short. Pure: counts and times in, a verdict out.

A flood must not lock anybody out: when all places are taken the connection that has been idle longest makes room, and
one address never holds more than its share, so the flood evicts itself first.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class Limits:
    """What one front door grants, each with its unit and its reason."""

    connections: int = 1024
    """In all: about 35 kB of memory each."""
    connections_per_client: int = 64
    """A phone holds one or two; a household behind one address some dozens."""
    queries_per_connection: int = 100
    """Unfinished at once; reading stops beyond, so the client waits and nothing is lost."""
    handshake_timeout_s: float = 10.0
    """From accept to the end of the handshake; a phone on a bad link needs three or four seconds."""
    message_timeout_s: float = 10.0
    """From a message's first octet to its last; not extended by each octet."""
    idle_timeout_s: float = 120.0
    """Without a query (RFC 7858 3.4 wants reuse); shrinks as places fill up."""
    write_timeout_s: float = 10.0
    """For a client that does not read its answers."""

    def idle_timeout_at_s(self, connections: int) -> float:
        """The idle time that applies while `connections` are open: whole below half full, then a half, then a tenth."""
        if connections * 2 < self.connections:
            return self.idle_timeout_s
        return self.idle_timeout_s / (2 if connections * 4 < self.connections * 3 else 10)


class Guest(Protocol):
    """A connection as admission sees it: not idle while a query of its is unfinished."""

    @property
    def client(self) -> Hashable: ...
    @property
    def idle(self) -> bool: ...
    @property
    def last_active_s(self) -> float: ...


G = TypeVar("G", bound=Guest)


class Admission(Generic[G]):
    """The open connections, and room for one more."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_client: dict[Hashable, set[G]] = {}
        self.connections = 0

    def make_room(self, client: Hashable) -> G | None:
        """The connection that must leave so that `client` may enter; None if there is room.

        Raises LookupError if there is no room and nobody idle to leave.
        """
        own = self._by_client.get(client, ())
        if len(own) >= self._limits.connections_per_client:
            return _oldest_idle(own)
        if self.connections >= self._limits.connections:
            return _oldest_idle(guest for guests in self._by_client.values() for guest in guests)
        return None

    def enter(self, guest: G) -> None:
        self._by_client.setdefault(guest.client, set()).add(guest)
        self.connections += 1

    def leave(self, guest: G) -> None:
        guests = self._by_client[guest.client]
        guests.remove(guest)
        self.connections -= 1
        if not guests:
            del self._by_client[guest.client]

    def guests(self) -> list[G]:
        return [guest for guests in self._by_client.values() for guest in guests]


def _oldest_idle(guests: Iterable[G]) -> G:
    idle = [guest for guest in guests if guest.idle]
    if not idle:
        raise LookupError("nobody is idle")
    return min(idle, key=lambda guest: guest.last_active_s)
