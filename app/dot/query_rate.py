"""How many datagrams of one client are worth an answer. Pure.

Answers to a forged address flood whoever has it (RFC 5358 3), and a device asks a few times a second. Limits of whole
seconds: a client that begins late in one may have twice as many at once.
"""

from collections.abc import Callable, Container
from ipaddress import IPv6Address
from typing import final

OF_STRANGERS = 20
"""A second, unless the operator says otherwise: a stranger of `allow_from` is a single device, or forged."""
_MOST_COUNTED = 10_000
"""In a second. More are a flood of forged addresses; a stranger among them has to ask once more."""
_OF_ONE_LINK_BITS = 64


@final
class QueryRate:
    """`limit` a second for every client; None: OF_STRANGERS for those who are not `is_home`, and none for others.

    There is none for `unshared`, behind which many clients stand.
    """

    __slots__ = ("_asked", "_clock", "_is_home", "_limit", "_second", "_unshared")

    def __init__(
        self,
        limit: int | None,
        is_home: Callable[[str], bool],
        clock: Callable[[], float],
        unshared: Container[str] = (),
    ) -> None:
        self._unshared = unshared
        self._limit = limit
        self._is_home = is_home
        self._clock = clock
        self._second = 0
        self._asked: dict[str, int] = {}

    def allows(self, client: str) -> bool:
        """Count one more of `client`; False if that is too many."""
        if client in self._unshared:
            return True
        is_home, limit = self._is_home(client), self._limit
        if limit is None:
            if is_home:
                return True
            limit = OF_STRANGERS
        sender = client if is_home else _of_stranger(client)
        second = int(self._clock())
        if second != self._second:
            self._second = second
            self._asked.clear()
        asked = self._asked.get(sender, 0) + 1
        if asked == 1 and len(self._asked) >= _MOST_COUNTED:
            return is_home
        self._asked[sender] = asked
        return asked <= limit


def _of_stranger(client: str) -> str:
    """What stands for it: its address, and of IPv6 the /64, all of whose addresses one stranger has (RFC 7421)."""
    if ":" not in client:
        return client
    return str(int(IPv6Address(client.partition("%")[0])) >> _OF_ONE_LINK_BITS)
