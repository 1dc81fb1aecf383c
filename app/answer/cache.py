"""Query octets -> the answer, ready to send; the TTLs in it are counted down by the clock it is given. Pure.

The key is everything of the query but its id, so whatever may change an answer (case, DO, CD, AD, padding, cookies) is
in the key by construction, and a hit parses nothing. The body is an answer without its id.

Memory is bounded by two generations: new and used entries live in the young one; when that is full it becomes the old
one and the old one is dropped. A scan over a million names costs the popular ones nothing but one promotion.
"""

from collections.abc import Callable, Sequence

_ENTRY_OVERHEAD_OCTETS = 600
"""What Python keeps per entry beside key and body, as measured; counted so that the bound is one of memory."""


_REFRESH_SHARE, _REFRESH_LEAST_S = 0.1, 1.5
"""An entry that is asked for in the last tenth of its time, or the last second and a half, is fetched anew."""


class Tally:
    """How many answers of one kind were given."""

    __slots__ = ("given",)

    def __init__(self) -> None:
        self.given = 0


class _Entry:
    __slots__ = ("body", "expires_s", "offsets", "refresh_s", "rendered_until_s", "stored_s", "tally", "template")

    def __init__(self, body: bytes, offsets: Sequence[int], now_s: float, ttl_s: int, tally: Tally) -> None:
        self.template = self.body = body
        self.tally = tally
        self.offsets = offsets
        self.stored_s = now_s
        self.rendered_until_s = now_s + 1
        self.expires_s = now_s + ttl_s
        self.refresh_s = self.expires_s - max(ttl_s * _REFRESH_SHARE, _REFRESH_LEAST_S)

    def render(self, now_s: float) -> bytes:
        """Count the TTLs down, at most once a second."""
        age_s = int(now_s - self.stored_s)
        body = bytearray(self.template)
        for at in self.offsets:
            left_s = int.from_bytes(body[at : at + 4], "big") - age_s
            body[at : at + 4] = max(left_s, 0).to_bytes(4, "big")
        self.body = bytes(body)
        self.rendered_until_s = self.stored_s + age_s + 1
        return self.body


class Cache:
    """At most about `cap_bytes` of memory. `clock` gives seconds that never go back.

    `refresh` is called, at most once a second, with the key of an entry that is still asked for when its time is nearly
    up: a popular name is fetched anew before it is missed.
    """

    def __init__(self, cap_bytes: int, clock: Callable[[], float]) -> None:
        self.refresh: Callable[[bytes], None] | None = None
        self._generation_bytes = cap_bytes // 2
        self._clock = clock
        self._young: dict[bytes, _Entry] = {}
        self._old: dict[bytes, _Entry] = {}
        self._young_bytes = 0

    def get(self, key: bytes) -> bytes | None:
        """The body for `key`, its TTLs as of now; None if there is none or its time is up."""
        entry = self._young.get(key)
        if entry is None:
            entry = self._old.get(key)
            if entry is None:
                return None
            self._add(key, entry)
        now_s = self._clock()
        if now_s >= entry.expires_s:
            return None
        entry.tally.given += 1
        if now_s < entry.rendered_until_s:
            return entry.body
        body = entry.render(now_s)
        if now_s >= entry.refresh_s and self.refresh is not None:
            self.refresh(key)
        return body

    def put(self, key: bytes, body: bytes, ttl_offsets: Sequence[int], ttl_s: int, tally: Tally) -> None:
        """Keep `body` for `ttl_s` (1 or more); `ttl_offsets` are where its TTLs are, counted from its start.

        Each time it is given out is counted in `tally`.
        """
        entry = _Entry(body, ttl_offsets, self._clock(), ttl_s, tally)
        if _size(key, entry) <= self._generation_bytes:
            self._add(key, entry)

    def clear(self) -> None:
        """Forget everything: what was right when it was stored may not be so any more."""
        self._young, self._old, self._young_bytes = {}, {}, 0

    def _add(self, key: bytes, entry: _Entry) -> None:
        replaced = self._young.pop(key, None)
        if replaced is not None:
            self._young_bytes -= _size(key, replaced)
        size = _size(key, entry)
        if self._young_bytes + size > self._generation_bytes:
            self._old, self._young, self._young_bytes = self._young, {}, 0
        self._young_bytes += size
        self._young[key] = entry


def _size(key: bytes, entry: _Entry) -> int:
    """Template and rendered body are two objects from the second second on."""
    return len(key) + 2 * len(entry.template) + 40 * len(entry.offsets) + _ENTRY_OVERHEAD_OCTETS
