"""Where an answer from the internet has no business to lead: into the home, by the addresses in HTTPS and SVCB records.

unbound takes such addresses out of A and AAAA answers and knows no others, but browsers dial those of RFC 9460 7.3 too.
Pure.
"""

from collections.abc import Iterable
from itertools import islice
from typing import final

from app import dnsname, svcparams
from app.config.values import IPAddress, IPNetwork
from app.errors import UpstreamError
from app.networks import within

from . import edns, records, wire
from .records import QNAME, LocalResponse

_TTL_S = 60
_MOST = 256
"""Records and addresses of one answer: a stranger could send as many as 16000, each to be looked for in 28 networks."""


@final
class RebindProtection:
    """`networks` are those of homes; what is at or below a name in `exceptions` may lead there."""

    __slots__ = ("_exceptions", "_networks")

    def __init__(self, networks: Iterable[IPNetwork] = (), exceptions: Iterable[str] = ()) -> None:
        self._networks = tuple(networks)
        self._exceptions = frozenset(exceptions)

    def points_home(self, response: bytes) -> bool:
        """Whether a record of the answer does. Raises UpstreamError if one cannot be read, and for more records and
        addresses than anybody needs."""
        left = _MOST
        for section, owner, _, _, rdata in records.read(response, wire.SERVICE_TYPES):
            if section != records.ANSWER or not self._networks:
                break
            is_exception = not self._exceptions.isdisjoint(dnsname.suffixes(dnsname.text(owner).lower()))
            addresses = [] if is_exception else _hints(rdata, left)
            left -= 1 + len(addresses)
            if left < 0:
                raise UpstreamError("the response has too many addresses")
            if any(within(address, self._networks) for address in addresses):
                return True
        return False

    def may_have_emptied(self, response: bytes) -> bool:
        """Whether unbound may have taken out of it what leads home: nothing is left but aliases, and nothing proves
        that there is nothing, as a SOA would (RFC 2308 2.2). Raises UpstreamError like `points_home`."""
        if not self._networks or response[3] & wire.RCODE_MASK != wire.Rcode.NOERROR:
            return False
        owner = dnsname.read_text(response, wire.HEADER_OCTETS)
        for section, _, rtype, _, rdata in records.read(response):
            if section == records.ADDITIONAL:
                break
            if rtype != wire.TYPE_CNAME:
                return False
            owner = dnsname.read_text(rdata, 0)
        return self._exceptions.isdisjoint(dnsname.suffixes(owner))


def nothing() -> LocalResponse:
    """In place of such an answer: there is no such record, so a client goes on with A and AAAA (RFC 9460 3)."""
    reason = edns.extended_error(edns.EDE_BLOCKED, "resolver.rebind_protection")
    return LocalResponse(authority=(records.soa(QNAME, _TTL_S),), errors=reason)


def _hints(rdata: bytes, most: int) -> list[IPAddress]:
    """The first addresses among the parameters of a record (RFC 9460 2.2)."""
    try:
        parameters_at = dnsname.skip(rdata, 2, pointers=False)
        return list(islice(svcparams.hints(rdata[parameters_at:]), most))
    except (IndexError, ValueError) as error:
        raise UpstreamError(f"a record in the response is malformed: {error}") from None
