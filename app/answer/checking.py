"""The one-time names of the self-test: answered with the addresses of this box, and remembered how they were asked.

A name is `NONCE.check.HOSTNAME`. Whoever was given the nonce learns how the question came; nobody else can ask for it.
Pure but for the memory behind `saw`.
"""

from collections.abc import Callable, Iterable

from app.values import IPAddress

from .contract import Asker
from .records import ASKED, Made, address, address_type
from .wire import Query

NONCE_OCTETS = 17
_LABEL_OCTETS = 2 * NONCE_OCTETS
_TTL_S = 1

Saw = Callable[[bytes, Asker], None]


class CheckNames:
    """Names below `domain`. `addresses` gives those of this box; `saw` gets each nonce and its asker."""

    def __init__(self, domain: str, addresses: Callable[[], Iterable[IPAddress]], saw: Saw) -> None:
        labels = domain.lower().encode("ascii").split(b".")
        self._suffix = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
        self._addresses = addresses
        self._saw = saw

    def answer(self, query: Query, asker: Asker) -> Made | None:
        """The answer, without records for types other than A and AAAA; None if the name is no such name."""
        name = query.question[:-4]
        if len(name) != 1 + _LABEL_OCTETS + len(self._suffix) or name[0] != _LABEL_OCTETS:
            return None
        if name[1 + _LABEL_OCTETS :].lower() != self._suffix:
            return None
        try:
            nonce = bytes.fromhex(name[1 : 1 + _LABEL_OCTETS].decode("ascii"))
        except ValueError:
            return None
        if len(nonce) != NONCE_OCTETS:
            return None  # fromhex forgives blanks
        self._saw(nonce, asker)
        found = (address(ASKED, own, _TTL_S) for own in self._addresses() if address_type(own) == query.qtype)
        return Made(answer=tuple(found))
