"""How many connections are open, in all and for each client, over all workers. Pure but for the memory it shares.

As in counters.py each worker writes a row of its own. Clients share SLOTS slots by the hash of their address, which is
salted at start, so nobody can choose a neighbour; two clients that meet in a slot by chance are counted together.
"""

import mmap

SLOTS = 8192
_BYTES_PER_ROW = (1 + SLOTS) * 4


class Occupancy:
    """Make it before the workers are forked: they inherit memory and salt; then give each its `OccupancyRow`."""

    def __init__(self, workers: int = 1) -> None:
        self._memory = mmap.mmap(-1, _BYTES_PER_ROW * workers)
        self._rows = [
            memoryview(self._memory)[at : at + _BYTES_PER_ROW].cast("I")
            for at in range(0, _BYTES_PER_ROW * workers, _BYTES_PER_ROW)
        ]

    def row(self, worker: int) -> "OccupancyRow":
        return OccupancyRow(self._rows, worker)

    def clear(self, worker: int) -> None:
        """When `worker` is gone, and nobody writes its row."""
        begin = _BYTES_PER_ROW * worker
        self._memory[begin : begin + _BYTES_PER_ROW] = bytes(_BYTES_PER_ROW)

    @property
    def connections(self) -> int:
        return sum(row[0] for row in self._rows)

    @property
    def clients(self) -> int:
        """How many have a connection."""
        return sum(any(counts) for counts in zip(*(row[1:].tolist() for row in self._rows), strict=True))


class OccupancyRow:
    """One worker's connections, seen together with everybody's."""

    def __init__(self, rows: list[memoryview], worker: int) -> None:
        self._rows = rows
        self._own = rows[worker]

    @property
    def connections(self) -> int:
        """In all."""
        return sum(row[0] for row in self._rows)

    def of(self, client: str) -> int:
        """Those of `client`."""
        slot = _slot(client)
        return sum(row[slot] for row in self._rows)

    def enter(self, client: str) -> None:
        self._own[0] += 1
        self._own[_slot(client)] += 1

    def leave(self, client: str) -> None:
        self._own[0] -= 1
        self._own[_slot(client)] -= 1


def _slot(client: str) -> int:
    return 1 + hash(client) % SLOTS
