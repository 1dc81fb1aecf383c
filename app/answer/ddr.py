"""Discovery of designated resolvers: "this resolver also speaks DNS over TLS, there" (RFC 9462, RFC 9461). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import final

from app import dnsname, svcparams

from . import records, wire
from .records import QNAME, LocalResponse

TTL_S = 120
"""A client that fails leaves discovery alone for this long (RFC 9462 4.2), for instance after a change of address."""

_SERVICE_MODE = b"\0\1"
"""The priority of the only record."""


@final
@dataclass(frozen=True, slots=True)
class Designation:
    """Where the encrypted resolver is: the name in its certificate, its port, its addresses (at least one).

    `only_at` are those at which a client that asked there can verify it, by address (RFC 9462 4.2); empty: any.
    """

    hostname: str
    port: int
    addresses: Sequence[IPv4Address | IPv6Address]
    only_at: frozenset[str] = frozenset()

    def answer(self) -> LocalResponse:
        """One SVCB record in service mode, and the addresses of its target with it (RFC 9462 4)."""
        target = dnsname.to_wire(self.hostname)
        own = tuple(records.address(target, value, TTL_S) for value in self.addresses)
        rdata = _SERVICE_MODE + target + svcparams.of_dot(self.port, self.addresses)
        svcb = records.record(QNAME, wire.TYPE_SVCB, TTL_S, rdata)
        return LocalResponse(answer=(svcb,), additional=own, only_at=self.only_at)
