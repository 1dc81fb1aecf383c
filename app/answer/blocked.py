"""What a blocked name is answered with. Pure."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from app import text

from . import edns, records, wire
from .records import QNAME, LocalResponse
from .wire import Rcode

TTL_S = 60
"""Long enough that a phone does not ask again at once, short enough that an exception or a pause counts soon."""

_MOST_TEXT_OCTETS = 120
_NOWHERE: dict[int, IPv4Address | IPv6Address] = {wire.TYPE_A: IPv4Address(0), wire.TYPE_AAAA: IPv6Address(0)}
Answer = Callable[[str, int], LocalResponse]


def answer_with(mode: str) -> Answer:
    """The answer by title of the list and type that is asked, for `mode`: null, nxdomain, nodata or refused.

    A SOA is in each: without it clients could not keep what is negative (RFC 2308 5), and what is not may have one (RFC
    1034 3.7). Only A and AAAA ever get an address: one in HTTPS or SVCB would lead somewhere.
    """
    rcode = {"nxdomain": Rcode.NXDOMAIN, "refused": Rcode.REFUSED}.get(mode, Rcode.NOERROR)

    def answer(title: str, qtype: int) -> LocalResponse:
        reason = text.cut(title, _MOST_TEXT_OCTETS)
        soa = records.soa(QNAME, TTL_S)
        if mode == "null" and qtype in _NOWHERE:
            nowhere = records.address(QNAME, _NOWHERE[qtype], TTL_S)
            return LocalResponse(
                answer=(nowhere,), authority=(soa,), errors=edns.extended_error(edns.EDE_FORGED, reason)
            )
        return LocalResponse(rcode=rcode, authority=(soa,), errors=edns.extended_error(edns.EDE_BLOCKED, reason))

    return answer
