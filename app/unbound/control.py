"""What a running unbound is told, over the socket where it hears its own user (unbound-control(8))."""

import re
import socket
from pathlib import Path

from app.errors import UpstreamError

_VERSION = b"UBCT1 "
_TIMEOUT_S = 5.0
_MOST_OCTETS, _MOST_LOOKUP_OCTETS = 1024, 1 << 16
_LOST = re.compile(rb"rto \d+ msec, ttl .* t(?:A|AAAA|other) [1-9]")
"""In what it says of an address that it asks: questions were lost, and that is not long ago."""


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


def silent(path: Path) -> bool:
    """Whether it has lost questions to one of those that it asks about the root: of forwarders, all that it has.

    Raises OSError if nobody hears at `path`.
    """
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(_TIMEOUT_S)
        control.connect(str(path))
        control.sendall(_VERSION + b"lookup .\n")
        said = b""
        while len(said) < _MOST_LOOKUP_OCTETS and (more := control.recv(_MOST_LOOKUP_OCTETS)):
            said += more
    return _LOST.search(said) is not None
