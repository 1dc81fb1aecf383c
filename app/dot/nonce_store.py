"""What was seen of one-time nonces: each is issued, seen once by whichever worker, and told to who holds it.

Pure but for the memory that all workers share and the clock it is given. A nonce holds the number of its slot, so that
looking for one costs the same however many there are; the rest of it is random, so that nobody can guess a neighbour's.
When all slots are taken the oldest nonce goes. Two workers that see the same nonce write the same slot: the first wins,
but for a race of microseconds, after which a note that cannot be read counts as none.
"""

import json
import mmap
import secrets
from collections.abc import Callable, Mapping
from hmac import compare_digest
from struct import Struct

SLOTS = 256
LIFETIME_S = 60.0
NONCE_OCTETS = 17  # the slot, and 128 random bits

_HEAD = Struct(f"d{NONCE_OCTETS}sH")  # issued at, nonce, octets of the note
_NOTE_OCTETS = 512 - _HEAD.size
_SLOT_OCTETS = 512

Note = Mapping[str, str | bool | None]


class NonceStore:
    """Make it before the workers are forked. `clock` gives seconds that never go back, the same for all workers."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._memory = mmap.mmap(-1, SLOTS * _SLOT_OCTETS)
        self._clock = clock
        self._issued = 0

    def issue(self) -> bytes:
        """A nonce of NONCE_OCTETS that is good for LIFETIME_S. Only one process may issue."""
        slot = self._issued % SLOTS
        self._issued += 1
        nonce = bytes([slot]) + secrets.token_bytes(NONCE_OCTETS - 1)
        _HEAD.pack_into(self._memory, slot * _SLOT_OCTETS, self._clock(), nonce, 0)
        return nonce

    def note(self, nonce: bytes, what: Note) -> None:
        """Remember `what` was seen with `nonce`; nothing if nobody was given that nonce, or it was seen before."""
        at = self._find(nonce)
        if at is None:
            return
        issued_s, _, length = _HEAD.unpack_from(self._memory, at)
        text = json.dumps(what).encode()
        if length == 0 and len(text) <= _NOTE_OCTETS:
            self._memory[at + _HEAD.size : at + _HEAD.size + len(text)] = text
            _HEAD.pack_into(self._memory, at, issued_s, nonce, len(text))

    def look(self, nonce: bytes) -> Note | None:
        """What was seen with `nonce`; None if nothing, or if it is not good any more."""
        at = self._find(nonce)
        if at is None:
            return None
        length = _HEAD.unpack_from(self._memory, at)[2]
        try:
            found: Note = json.loads(self._memory[at + _HEAD.size : at + _HEAD.size + length])
        except ValueError:
            return None
        return found

    def _find(self, nonce: bytes) -> int | None:
        if len(nonce) != NONCE_OCTETS:
            return None
        at = nonce[0] * _SLOT_OCTETS
        issued_s, issued, _ = _HEAD.unpack_from(self._memory, at)
        is_good = self._clock() - issued_s <= LIFETIME_S
        return at if compare_digest(issued, nonce) and is_good else None
