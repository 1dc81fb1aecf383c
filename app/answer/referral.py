"""Answers that say no more than whom to ask instead: whoever was asked does not resolve names, or not for us. Pure."""

from typing import final

from app.errors import UpstreamError

from . import wire
from .wire import UpstreamResponse


@final
class Referral(UpstreamError):
    """Who was asked answers that another is to be asked. `route` is the zone of its route; empty: a forwarder's."""

    def __init__(self, route: str) -> None:
        whose = f"the server of the route {route}" if route else "a forwarder"
        super().__init__(f"{whose} answers with a referral: it does not resolve names, or not for us")
        self.route = route


def is_referral(response: UpstreamResponse, qtype: int) -> bool:
    """Whether it says no more than whom to ask instead (RFC 2308 2.2): no answer but aliases, name servers, no SOA."""
    octets, answers, authorities = response.octets, wire.u16(response.octets, 6), wire.u16(response.octets, 8)
    if response.flags & wire.RCODE_MASK or not authorities or (answers and not response.has_targets):
        return False
    types = [wire.u16(octets, ttl_at - 4) for ttl_at in response.ttl_offsets[: answers + authorities]]
    only_aliases = all(rtype == wire.TYPE_CNAME != qtype for rtype in types[:answers])
    return only_aliases and wire.TYPE_NS in types[answers:] and wire.TYPE_SOA not in types[answers:]
