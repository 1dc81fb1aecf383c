"""What a blocked name is answered with. Pure."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from . import edns, records
from .records import ASKED, Made
from .wire import Rcode

TTL_S = 60
"""Long enough that a phone does not ask again at once, short enough that an exception or a pause counts soon."""

_MOST_TEXT_OCTETS = 120
_NOWHERE: dict[int, IPv4Address | IPv6Address] = {records.TYPE_A: IPv4Address(0), records.TYPE_AAAA: IPv6Address(0)}
Answer = Callable[[str, int], Made]


def answer_with(mode: str) -> Answer:
    """The answer by title of the list and type that is asked, for `mode`: null, nxdomain, nodata or refused.

    A SOA is in each: without it clients could not keep what is negative (RFC 2308 5), and what is not may have one (RFC
    1034 3.7). Only A and AAAA ever get an address: one in HTTPS or SVCB would lead somewhere.
    """
    rcode = {"nxdomain": Rcode.NXDOMAIN, "refused": Rcode.REFUSED}.get(mode, Rcode.NOERROR)

    def answer(title: str, qtype: int) -> Made:
        text = title.encode()[:_MOST_TEXT_OCTETS].decode(errors="ignore")
        soa = records.soa(ASKED, TTL_S)
        if mode == "null" and qtype in _NOWHERE:
            nowhere = records.address(ASKED, _NOWHERE[qtype], TTL_S)
            return Made(answer=(nowhere,), authority=(soa,), errors=edns.extended_error(edns.EDE_FORGED, text))
        return Made(rcode=rcode, authority=(soa,), errors=edns.extended_error(edns.EDE_BLOCKED, text))

    return answer
