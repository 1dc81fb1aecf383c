"""What one visitor of the page may have this box work: a bucket that fills again. Pure.

A point is what an ordinary request costs, some milliseconds. A person who looks at everything twice stays below.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection
from enum import IntEnum
from ipaddress import IPv6Address, ip_address
from typing import final

BURST = 200
REFILL_PER_S = 4
"""A twentieth of a core of a small board, if all of it is spent."""
MANY = 16
"""Behind a gateway that all visitors appear as stand a household's devices."""
_MOST_REMEMBERED = 4096


class Cost(IntEnum):
    """Points; those of the request itself come on top of the others."""

    REQUEST = 1
    NONCE = 3
    """Less than the 256 that the front door remembers can be had in the minute for which it does."""
    LOOK_UP = 10
    """Asks the front door, and the internet if nobody has spoken for the name."""
    GUESS = 40
    """Tries to sign in: five at once, and then one in ten seconds."""
    CODE = 40
    """Draws a QR code out of text that the visitor chose."""
    CHECKUP = 100
    """Has the doctor work, for a second or more."""


@final
class Budget:
    """`clock` tells seconds. Clients in `unshared` stand for many."""

    def __init__(self, clock: Callable[[], float], unshared: Collection[str] = ()) -> None:
        self._clock = clock
        self._unshared = {client_key(address) for address in unshared}
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()  # points, at that moment

    def another(self) -> "Budget":
        """One like this, of which nobody has spent anything."""
        return Budget(self._clock, self._unshared)

    def stands_for_many(self, address: str) -> bool:
        return client_key(address) in self._unshared

    def takes(self, address: str, cost: int) -> bool:
        """Spend `cost` of what `address` has left; False and nothing is spent if that is less."""
        key, now_s = client_key(address), self._clock()
        spent, most = self._spent_by(key, now_s)
        if spent + cost > most:
            return False
        self._spent[key] = spent + cost, now_s
        self._spent.move_to_end(key)
        if len(self._spent) > _MOST_REMEMBERED:
            self._spent.popitem(last=False)
        return True

    def has(self, address: str, cost: int) -> bool:
        """Whether `address` has so much left."""
        spent, most = self._spent_by(client_key(address), self._clock())
        return spent + cost <= most

    def _spent_by(self, key: str, now_s: float) -> tuple[float, int]:
        """Points, and those that it may have spent at most."""
        share = MANY if key in self._unshared else 1
        spent, then_s = self._spent.get(key, (0.0, now_s))
        return max(spent - (now_s - then_s) * REFILL_PER_S * share, 0.0), BURST * share


def client_key(address: str) -> str:
    """What stands for one client: an address, and an IPv4 one that is mapped into IPv6 is the same. All devices of a
    home are in one /64."""
    parsed = ip_address(address)
    return str((isinstance(parsed, IPv6Address) and parsed.ipv4_mapped) or parsed)
