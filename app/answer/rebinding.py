"""Where an answer from the internet has no business to lead: into the home, by the addresses in HTTPS and SVCB records.

unbound takes such addresses out of A and AAAA answers and knows no others, but browsers dial those of RFC 9460 7.3 too.
Pure.
"""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from itertools import islice

from app.errors import UpstreamError
from app.networks import within
from app.values import IPAddress, IPNetwork

from . import edns, names, records, wire
from .records import ASKED, Made

_TTL_S = 60
_MOST = 256
"""Records and addresses of one answer: a stranger could send as many as 16000, each to be looked for in 28 networks."""
_HINT_OCTETS = {4: 4, 6: 16}
"""The keys ipv4hint and ipv6hint, and how long an address is."""


class Rebinding:
    """`networks` are those of homes; what is at or below a name in `exceptions` may lead there."""

    def __init__(self, networks: Iterable[IPNetwork] = (), exceptions: Iterable[str] = ()) -> None:
        self._networks = tuple(networks)
        self._exceptions = frozenset(exceptions)

    def leads_home(self, response: bytes) -> bool:
        """Whether a record of the answer does. Raises UpstreamError if one cannot be read, and for more records and
        addresses than anybody needs."""
        left = _MOST
        for section, owner, _, _, rdata in records.read(response, records.SERVICE_TYPES):
            if section != records.ANSWER or not self._networks:
                break
            is_exception = not self._exceptions.isdisjoint(names.suffixes(names.text(owner).lower()))
            addresses = [] if is_exception else list(islice(_hints(rdata), left))
            left -= 1 + len(addresses)
            if left < 0:
                raise UpstreamError("the response has too many addresses")
            if any(within(address, self._networks) for address in addresses):
                return True
        return False

    def may_have_emptied(self, response: bytes) -> bool:
        """Whether unbound may have taken out of it what leads home: nothing is left but aliases, and nothing proves
        that there is nothing, as a SOA would (RFC 2308 2.2). Raises UpstreamError like `leads_home`."""
        if not self._networks or response[3] & wire.RCODE_MASK != wire.Rcode.NOERROR:
            return False
        owner = names.asked(response[wire.HEADER_OCTETS :])
        for section, _, rtype, _, rdata in records.read(response):
            if section == records.ADDITIONAL:
                break
            if rtype != records.TYPE_CNAME:
                return False
            owner = names.asked(rdata)
        return self._exceptions.isdisjoint(names.suffixes(owner))


def nothing() -> Made:
    """In place of such an answer: there is no such record, so a client goes on with A and AAAA (RFC 9460 3)."""
    reason = edns.extended_error(edns.EDE_BLOCKED, "resolver.rebind_protection")
    return Made(authority=(records.soa(ASKED, _TTL_S),), errors=reason)


def _hints(rdata: bytes) -> Iterator[IPAddress]:
    """The addresses among the parameters of a record (RFC 9460 2.2)."""
    try:
        _, at = names.read(rdata, 2)
    except IndexError:
        raise UpstreamError("a target in the response is malformed") from None
    while at < len(rdata):
        key, length = int.from_bytes(rdata[at : at + 2], "big"), int.from_bytes(rdata[at + 2 : at + 4], "big")
        begin, at = at + 4, at + 4 + length
        octets = _HINT_OCTETS.get(key, 1)
        if at > len(rdata) or length % octets:
            raise UpstreamError("a parameter in the response is malformed")
        if key in _HINT_OCTETS:
            yield from (ip_address(rdata[first : first + octets]) for first in range(begin, at, octets))
