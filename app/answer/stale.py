"""What an answer says of its time when nobody upstream could be asked whether it is still true (RFC 8767 5). Pure."""

from . import edns
from .wire import UpstreamResponse

_TTL_S = 30
_KEPT_S = 5
"""As long as a failure: who asks when the line is back gets the truth soon."""


def shortened(response: UpstreamResponse) -> tuple[UpstreamResponse, bool]:
    """The same, each of its records good for half a minute, if upstream calls it stale, which is the second that is
    told; else just as it is.

    unbound tells no more than a record once had: where that was a second, devices would ask all the time. It may be
    kept for a shorter time than it tells them.
    """
    if response.ttl_s is None or not edns.is_stale(response.opt):
        return response, False
    octets = bytearray(response.octets)
    for at in response.ttl_offsets:
        octets[at : at + 4] = _TTL_S.to_bytes(4, "big")
    return response._replace(octets=bytes(octets), ttl_s=_KEPT_S), True
