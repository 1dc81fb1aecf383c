"""Discovery of designated resolvers: "this resolver also speaks DNS over TLS, there" (RFC 9462, RFC 9461). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from . import names, records
from .records import ASKED, Made

TTL_S = 120
"""A client that fails leaves discovery alone for this long (RFC 9462 4.2), for instance after a change of address."""

_DOT_PORT = 853
_ALPN, _PORT, _IPV4_HINT, _IPV6_HINT = 1, 3, 4, 6


@dataclass(frozen=True, slots=True)
class Designation:
    """Where the encrypted resolver is: the name in its certificate, its port, its addresses (at least one).

    `only_at` are those at which a client that asked there can verify it, by address (RFC 9462 4.2); empty: any.
    """

    hostname: str
    port: int
    addresses: Sequence[IPv4Address | IPv6Address]
    only_at: frozenset[str] = frozenset()

    def answer(self) -> Made:
        """One SVCB record in service mode, and the addresses of its target with it (RFC 9462 4)."""
        target = names.text_to_wire(self.hostname)
        own = tuple(records.address(target, value, TTL_S) for value in self.addresses)
        svcb = records.record(ASKED, records.TYPE_SVCB, TTL_S, b"\0\1" + target + self._parameters())
        return Made(answer=(svcb,), additional=own, only_at=self.only_at)

    def _parameters(self) -> bytes:
        """In the order of their keys (RFC 9460 2.2)."""
        found = [(_ALPN, b"\3dot")]
        if self.port != _DOT_PORT:
            found.append((_PORT, self.port.to_bytes(2, "big")))
        for key, version in ((_IPV4_HINT, 4), (_IPV6_HINT, 6)):
            if hint := b"".join(value.packed for value in self.addresses if value.version == version):
                found.append((key, hint))
        return b"".join(key.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for key, value in found)
