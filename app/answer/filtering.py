"""Forwarders that filter: how their answers look, and what is answered instead. Pure.

None says that it does; docs/decisions/0019-filtering-forwarders.md says what is taken for it.
"""

from collections.abc import Sequence, Set

from app.config.forwarding import Forwarder

from . import edns, records, wire
from .records import QNAME, LocalResponse
from .wire import Rcode, UpstreamResponse

TTL_S = 60
"""As long as what is blocked here."""

_NULL = {wire.TYPE_A: bytes(4), wire.TYPE_AAAA: bytes(16)}
_PROOFS = {wire.TYPE_RRSIG, wire.TYPE_NSEC, wire.TYPE_NSEC3}
"""What a denial in a signed zone has (RFC 4035 3.1.3)."""
MAY_BE_FILTERED = {wire.TYPE_A, wire.TYPE_AAAA, *wire.SERVICE_TYPES}
"""Without these nobody gets anywhere. What other types prove or forbid, as TLSA does, is not taken on trust."""


def is_empty(response: UpstreamResponse) -> bool:
    """Whether it says that the name has nothing of a type."""
    return response.rcode == Rcode.NOERROR and not response.answers


def instead(response: UpstreamResponse, forwarders: Sequence[Forwarder], *, is_bogus: bool) -> LocalResponse | None:
    """What is answered in place of a filter's response; None if it is none's. `is_bogus`: validation has refused it."""
    if not _is_filters(response, _PROOFS if is_bogus else {wire.TYPE_SOA}):
        return None
    names = dict.fromkeys(each.tls_name or str(each.address) for each in forwarders)
    reason = edns.extended_error(edns.EDE_FILTERED, f"filtered by {', '.join(names)} (resolver.forward)")
    return LocalResponse(rcode=Rcode(response.rcode), authority=(records.soa(QNAME, TTL_S),), errors=reason)


def _is_filters(response: UpstreamResponse, proofs: Set[int]) -> bool:
    """Whether it says no without the records that prove it, or has no addresses but those of nobody."""
    answers, types = response.answers, response.types[: response.answers + response.authorities]
    found = [(types[at], response.ttl_offsets[at] + 6) for at in range(answers) if types[at] != wire.TYPE_CNAME]
    if response.rcode == Rcode.NXDOMAIN:
        return not found and proofs.isdisjoint(types)
    return response.rcode == Rcode.NOERROR and found != [] and all(_is_null(response.octets, *each) for each in found)


def _is_null(octets: bytes, rtype: int, at: int) -> bool:
    null = _NULL.get(rtype)
    return null is not None and octets[at : at + len(null)] == null
