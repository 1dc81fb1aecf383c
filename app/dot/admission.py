"""Who gets in: who may at all, and who makes room when room is short. Pure: counts and times in, a verdict out.

A flood must not lock anybody out: when all places are taken the connection that has been without progress longest makes
room, idle or not, so that whoever comes has as long to ask as anybody; and one address never holds more than its share,
so a flood evicts itself first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from ipaddress import IPv4Network, IPv6Network, ip_address
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from .occupancy import OccupancyRow

_REMEMBERED_CLIENTS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one front door grants; the settings of the same names say why (app/settings.py).

    `unshared` are addresses behind which many clients stand, such as a bridge network's gateway: no share applies.

    `servers` share `connections`: that for DNS over TLS and that for plain DNS of each worker.

    The last ones are not settings, because they follow from how the door is built. Answers leave in portions of
    `portion_bytes`, and no more are made while as much is unsent, so a client that does not read is noticed early;
    answers to its unfinished queries come all the same, up to `unsent_bytes_per_connection`. `unsent_bytes` is for all
    connections of a worker together: beyond it those that left most unread are ended, or a crowd of them would take
    the machine's memory. After `queries_per_turn` of one client the others have their turn. Upstream gives up long
    before `answer_timeout_s`: an answer that is still missing then got lost through a fault of ours.
    """

    connections: int
    connections_per_client: int
    queries_per_connection: int
    first_byte_timeout_s: float
    handshake_timeout_s: float
    message_timeout_s: float
    idle_timeout_s: float
    write_timeout_s: float
    unshared: frozenset[str] = frozenset()
    servers: int = 1
    portion_bytes: int = 64 * 1024
    unsent_bytes_per_connection: int = 512 * 1024
    unsent_bytes: int = 32 * 1024 * 1024
    queries_per_turn: int = 512
    answer_timeout_s: float = 30.0

    @property
    def connections_per_server(self) -> int:
        """As many are let in at each however many the others have, who then make up for it.

        So for a moment there may be twice `connections`.
        """
        return max(self.connections // self.servers, 1)

    def idle_timeout_at_s(self, connections: int) -> float:
        """The idle time that applies while `connections` are open: whole below half full, then a half, then a tenth."""
        if connections * 2 < self.connections:
            return self.idle_timeout_s
        return self.idle_timeout_s / (2 if connections * 4 < self.connections * 3 else 10)


def allowing(networks: Sequence[IPv4Network | IPv6Network]) -> Callable[[str], bool]:
    """A judge of addresses: True for one inside `networks`. Remembers the latest few thousand."""

    @lru_cache(_REMEMBERED_CLIENTS)
    def is_allowed(address: str) -> bool:
        client = ip_address(address.partition("%")[0])
        return any(client in network for network in networks)

    return is_allowed


class Admitted(Protocol):
    """A connection as admission sees it.

    `progress_s` is when it came, asked or took something of its answers last; `leaving` says that it is about to go.
    """

    @property
    def client(self) -> str: ...
    @property
    def progress_s(self) -> float: ...
    @property
    def leaving(self) -> bool: ...


C = TypeVar("C", bound=Admitted)


class Admission(Generic[C]):
    """The open connections of this worker, and room for one more among those of all workers."""

    def __init__(self, limits: Limits, occupancy: OccupancyRow) -> None:
        self._limits = limits
        self._occupancy = occupancy
        self._by_client: dict[str, set[C]] = {}

    @property
    def total(self) -> int:
        """How many are open, in all workers."""
        return self._occupancy.connections

    def make_room(self, client: str) -> C | None:
        """The connection that must leave so that `client` may enter; None if there is room, or is about to be."""
        limits = self._limits
        own = self._by_client.get(client)
        # Without one here the client's others are in other workers: it gets this one, and is watched from then on.
        if own and self._occupancy.of(client) >= limits.connections_per_client and client not in limits.unshared:
            return _first(own)
        if self._occupancy.connections >= limits.connections:
            connections = self.connections()
            if len(connections) >= limits.connections_per_server:
                return _first(connections)
        return None

    def surplus(self) -> list[C]:
        """Who must leave: another server took somebody in beyond the limit, and this one holds more than its part."""
        too_many = self._occupancy.connections - self._limits.connections
        connections = self.connections()
        return _in_turn(connections, min(too_many, len(connections) - self._limits.connections_per_server))

    def enter(self, connection: C) -> None:
        self._by_client.setdefault(connection.client, set()).add(connection)
        self._occupancy.enter(connection.client)

    def leave(self, connection: C) -> None:
        own = self._by_client[connection.client]
        own.remove(connection)
        self._occupancy.leave(connection.client)
        if not own:
            del self._by_client[connection.client]

    def connections(self) -> list[C]:
        """Those of this worker."""
        return [connection for own in self._by_client.values() for connection in own]


def _first(connections: Iterable[C]) -> C | None:
    return next(iter(_in_turn(connections, 1)), None)


def _in_turn(connections: Iterable[C], count: int) -> list[C]:
    """The first `count` of those that may be sent away: the longest without progress.

    Nobody else before them: a crowd that asks and does not read, or whose answers take long, would have everybody sent
    away who has come and not asked yet.
    """
    staying = (connection for connection in connections if not connection.leaving)
    return nsmallest(count, staying, key=attrgetter("progress_s"))
