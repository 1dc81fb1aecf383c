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
    answer = response.types[: response.answers]
    authority = response.types[response.answers : response.answers + response.authorities]
    only_aliases = all(rtype == wire.TYPE_CNAME != qtype for rtype in answer)
    names_servers = wire.TYPE_NS in authority and wire.TYPE_SOA not in authority
    return response.rcode == wire.Rcode.NOERROR and only_aliases and names_servers
