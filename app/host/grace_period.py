"""Addresses that were there a moment ago: a Wi-Fi that reconnects or a lease that is renewed brings them back."""

import time
from collections.abc import Callable, Iterable

from app.config.values import IPAddress
from app.networks import LAN, within

GRACE_S = 900.0
"""How long an address counts after it was lost. A router needs minutes to come back, and a move shows soon enough."""


class GracePeriod:
    """Remembers when each address was there last, from now on."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._begin_s = monotonic()
        self._seen_s: dict[IPAddress, float] = {}

    def see(self, found: Iterable[IPAddress]) -> None:
        """These are there now."""
        now_s = self._monotonic()
        self._seen_s |= dict.fromkeys(found, now_s)
        self._seen_s = {address: seen_s for address, seen_s in self._seen_s.items() if now_s - seen_s < GRACE_S}

    def expected(self) -> object:
        """Another one whenever `lost` gives less only because time has passed."""
        now_s = self._monotonic()
        seen = frozenset(address for address, seen_s in self._seen_s.items() if now_s - seen_s < GRACE_S)
        return seen, now_s - self._begin_s < GRACE_S

    def lost(self, found: Iterable[IPAddress], relied: Iterable[IPAddress]) -> tuple[IPAddress, ...]:
        """Addresses of a home that are not among `found` and may come back. Those of `relied` that were never seen
        count as lost when this began."""
        now_s, there = self._monotonic(), set(found)
        return tuple(
            address
            for address in dict.fromkeys((*relied, *self._seen_s))
            if address not in there
            and within(address, LAN)
            and now_s - self._seen_s.get(address, self._begin_s) < GRACE_S
        )
