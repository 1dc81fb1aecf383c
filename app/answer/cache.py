"""Query octets -> the answer, ready to send; the TTLs in it are counted down by the clock it is given. Pure.

The key is everything of the query but its id, so whatever may change an answer (case, DO, CD, AD, padding, cookies) is
in the key by construction, and a hit parses nothing. The body is an answer without its id.

Memory is bounded by two generations: new and used entries live in the young one; when that is full it becomes the old
one and the old one is dropped. A scan over a million names costs the popular ones nothing but one promotion.
"""

from collections.abc import Callable, Sequence
from typing import final

from .tally import Tally

_ENTRY_OVERHEAD_OCTETS = 600
"""What Python keeps per entry beside key and body, as measured; counted so that the bound is one of memory."""

_ID_OCTETS = 2

_PREFETCH_SHARE, _PREFETCH_LEAST_S = 0.1, 1.5
"""An entry that is asked for in the last tenth of its time, or the last second and a half, is fetched anew."""


@final
class _Entry:
    __slots__ = (
        "body", "expires_s", "offsets", "prefetch_s", "rendered_until_s", "size_octets", "tally",
    )  # fmt: skip

    def __init__(
        self, key: bytes, answer: bytes, offsets: Sequence[int], *, now_s: float, ttl_s: int, tally: Tally
    ) -> None:
        self.body = answer[_ID_OCTETS:]
        self.offsets = offsets
        self.rendered_until_s = now_s + 1
        self.expires_s = now_s + ttl_s
        self.prefetch_s = self.expires_s - max(ttl_s * _PREFETCH_SHARE, _PREFETCH_LEAST_S)
        self.size_octets = len(key) + len(answer) + 40 * len(offsets) + _ENTRY_OVERHEAD_OCTETS
        self.tally = tally

    def render(self, now_s: float) -> bytes:
        """Count the TTLs down, at most once a second."""
        passed_s = int(now_s - self.rendered_until_s) + 1
        body = bytearray(self.body)
        for offset in self.offsets:
            at = offset - _ID_OCTETS
            left_s = int.from_bytes(body[at : at + 4], "big") - passed_s
            body[at : at + 4] = max(left_s, 0).to_bytes(4, "big")
        self.body = bytes(body)
        self.rendered_until_s += passed_s
        return self.body


@final
class Cache:
    """At most about `cap_bytes` of memory. `clock` gives seconds that never go back.

    `prefetch` is called, at most once a second, with the key of an entry that is still asked for when its time is
    nearly up: a popular name is fetched anew before it is missed.
    """

    __slots__ = ("_generation_bytes", "_old", "_old_bytes", "_young", "_young_bytes", "clock", "prefetch")

    def __init__(self, cap_bytes: int, clock: Callable[[], float]) -> None:
        self.prefetch: Callable[[bytes], None] | None = None
        self._generation_bytes = cap_bytes // 2
        self.clock = clock
        self._young: dict[bytes, _Entry] = {}
        self._old: dict[bytes, _Entry] = {}
        self._young_bytes = self._old_bytes = 0

    def get(self, key: bytes) -> bytes | None:
        """The answer for `key` without its id, its TTLs as of now; None if there is none or its time is up."""
        entry = self._young.get(key)
        if entry is None:
            entry = self._old.get(key)
            if entry is None:
                return None
            self._add(key, entry)
        now_s = self.clock()
        if now_s >= entry.expires_s:
            return None
        entry.tally.hits += 1
        if now_s < entry.rendered_until_s:
            return entry.body
        body = entry.render(now_s)
        if now_s >= entry.prefetch_s and self.prefetch is not None:
            self.prefetch(key)
        return body

    def tally_of(self, key: bytes) -> Tally | None:
        """On what the entry for `key` is counted, for who has just got it."""
        entry = self._young.get(key) or self._old.get(key)
        return None if entry is None else entry.tally

    @property
    def entries(self) -> int:
        return len(self._young) + len(self._old)

    @property
    def size_octets(self) -> int:
        """All that the entries take, as far as it is counted."""
        return self._young_bytes + self._old_bytes

    def put(self, key: bytes, answer: bytes, ttl_offsets: Sequence[int], ttl_s: int, tally: Tally) -> None:
        """Keep `answer`, a whole message, for `ttl_s` (1 or more); `ttl_offsets` are where its TTLs are.

        Each time it is given out is counted in `tally`.
        """
        entry = _Entry(key, answer, ttl_offsets, now_s=self.clock(), ttl_s=ttl_s, tally=tally)
        if entry.size_octets <= self._generation_bytes:
            self._add(key, entry)

    def clear(self) -> None:
        """Forget everything: what was right when it was stored may not be so any more."""
        self._young, self._old, self._young_bytes, self._old_bytes = {}, {}, 0, 0

    def _add(self, key: bytes, entry: _Entry) -> None:
        replaced = self._young.pop(key, None)
        if replaced is not None:
            self._young_bytes -= replaced.size_octets
        if self._young_bytes + entry.size_octets > self._generation_bytes:
            self._old, self._old_bytes, self._young, self._young_bytes = self._young, self._young_bytes, {}, 0
        self._young_bytes += entry.size_octets
        self._young[key] = entry
