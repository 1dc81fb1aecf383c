"""What a running unbound is told, over the socket where it hears its own user (unbound-control(8))."""

import socket
from pathlib import Path

from app.errors import UpstreamError

_VERSION = b"UBCT1 "
_TIMEOUT_S = 5.0
_MOST_OCTETS = 1024


def forget_bogus(path: Path) -> None:
    """Have it ask anew for what it found bogus. It would refuse a zone for a minute whose keys it once found so, and
    no option shortens that.

    Raises OSError if nobody hears at `path`, and UpstreamError for another answer than it gives.
    """
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(_TIMEOUT_S)
        control.connect(str(path))
        control.sendall(_VERSION + b"flush_bogus\n")
        said = control.recv(_MOST_OCTETS)
    if not said.startswith(b"ok "):
        raise UpstreamError(f"unbound does not forget what it found bogus: {said!r}")
