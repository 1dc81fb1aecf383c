"""What the front door allows, in all and to each client, and what this machine can afford of it."""

import logging
import resource

from app.config.settings import Settings
from app.dot.admission import Limits
from app.host.interfaces import shared_by_clients

from . import exposure

log = logging.getLogger("homedot")

_OTHER_DESCRIPTORS = 64


def limits_of(settings: Settings) -> Limits:
    """Those of the settings; takes all file descriptors that there are to have, and says where they are too few."""
    dot = settings.dot
    unshared = shared_by_clients()
    if unshared:
        crowd = ", ".join(unshared)
        log.warning("container network: all clients may appear as %s, so no limit of one client applies to that", crowd)
        log.warning("%s", exposure.blindness(unshared[0]))
    return Limits(
        connections=_affordable_connections(settings),
        connections_per_client=dot.connections_per_client,
        queries_per_connection=dot.queries_per_connection,
        first_byte_timeout_s=dot.first_byte_timeout,
        handshake_timeout_s=dot.handshake_timeout,
        message_timeout_s=dot.message_timeout,
        idle_timeout_s=dot.idle_timeout,
        write_timeout_s=dot.write_timeout,
        unshared=frozenset(unshared),
        servers=dot.workers * (2 if settings.plain.enabled else 1),
    )


def _affordable_connections(settings: Settings) -> int:
    """`dot.connections`, or as many as there can be file descriptors for."""
    wanted = settings.dot.connections
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most == resource.RLIM_INFINITY or most >= wanted + _OTHER_DESCRIPTORS:
        return wanted
    affordable = max(most - _OTHER_DESCRIPTORS, 1)
    log.warning("dot.connections: only %d instead of %d: too few file descriptors (ulimit -n)", affordable, wanted)
    return affordable
