"""Questions that are answered here and never travel upstream. Pure."""

from . import wire
from .wire import Query

_HINFO_TTL_S = 3600


def local_answer(query: Query) -> bytes | None:
    """The answer record for `query` in wire form, or None if it is for upstream to answer.

    ANY gets the one small record of RFC 8482 4.2, so that nobody can use us to make large answers out of small queries.
    """
    if query.qtype != wire.TYPE_ANY:
        return None
    owner = b"\xc0\x0c"  # the question's name
    rdata = b"\x07RFC8482\x00"
    fixed = wire.TYPE_HINFO.to_bytes(2, "big") + b"\0\1" + _HINFO_TTL_S.to_bytes(4, "big")
    return owner + fixed + len(rdata).to_bytes(2, "big") + rdata
