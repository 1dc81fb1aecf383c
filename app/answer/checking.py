"""The one-time names of the self-test: answered with the addresses of this box, and remembered how they were asked.

A name is `NONCE.check.HOSTNAME`. Whoever was given the nonce learns how the question came; nobody else can ask for it.
Pure but for the memory behind `saw`.
"""

from collections.abc import Callable, Iterable
from typing import final

from app import dnsname
from app.config.values import IPAddress

from .contract import Requestor
from .records import QNAME, LocalResponse, address, address_type
from .wire import Query

_TTL_S = 1

NonceSeen = Callable[[bytes, Requestor], None]


@final
class CheckNames:
    """Names below `domain`, for nonces of `nonce_octets`.

    `addresses` gives those of this box; `saw` gets each nonce and its requestor.
    """

    __slots__ = ("_addresses", "_label_octets", "_nonce_octets", "_saw", "_suffix")

    def __init__(
        self, domain: str, nonce_octets: int, addresses: Callable[[], Iterable[IPAddress]], saw: NonceSeen
    ) -> None:
        self._suffix = dnsname.to_wire(domain.lower())
        self._nonce_octets = nonce_octets
        self._label_octets = 2 * nonce_octets
        self._addresses = addresses
        self._saw = saw

    def answer(self, query: Query, requestor: Requestor) -> LocalResponse | None:
        """The answer, without records for types other than A and AAAA; None if the name is no such name."""
        name = query.question[:-4]
        if len(name) != 1 + self._label_octets + len(self._suffix) or name[0] != self._label_octets:
            return None
        if name[1 + self._label_octets :].lower() != self._suffix:
            return None
        try:
            nonce = bytes.fromhex(name[1 : 1 + self._label_octets].decode("ascii"))
        except ValueError:
            return None
        if len(nonce) != self._nonce_octets:
            return None  # fromhex forgives blanks
        self._saw(nonce, requestor)
        found = (address(QNAME, own, _TTL_S) for own in self._addresses() if address_type(own) == query.qtype)
        return LocalResponse(answer=tuple(found))
