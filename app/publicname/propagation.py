"""Is a text there for everybody? The servers of the zone are asked themselves, before the authority looks."""

import time
from collections.abc import Callable, Collection, Sequence

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from .resolving import OwnUnbound

MOST_S = 120.0
BLIND_S = 30.0
"""Where no server can be asked, as where a router takes all DNS to itself: providers say that seconds are enough."""
_AGAIN_S = 2.0
_TIMEOUT_S = 3.0


def wait_until_seen(
    name: str,
    values: Collection[str],
    resolver: OwnUnbound,
    port: int = 53,
    *,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> bool:
    """Until each server of the zone shows `values` at `name`. False after two minutes, and if none can be asked."""
    name = resolver.target(name)
    servers, end_s = resolver.servers(name), monotonic() + MOST_S
    while monotonic() < end_s:
        shown = [texts for server in servers if (texts := _texts(server, port, name)) is not None]
        if not shown:
            sleep(BLIND_S)
            return False
        if all(set(values) <= texts for texts in shown):
            return True
        sleep(_AGAIN_S)
    return False


def _texts(server: str, port: int, name: str) -> set[str] | None:
    """None if it does not answer."""
    query = dns.message.make_query(name, "TXT", flags=0)
    try:
        answer, _ = dns.query.udp_with_fallback(query, server, _TIMEOUT_S, port)
    except (dns.exception.DNSException, OSError):
        return None
    return {_joined(record.strings) for rrset in answer.answer if rrset.rdtype == dns.rdatatype.TXT for record in rrset}


def _joined(strings: Sequence[bytes]) -> str:
    return b"".join(strings).decode("ascii", "replace")
