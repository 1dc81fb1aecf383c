"""What a running unbound is told, over the socket where it hears its own user (unbound-control(8))."""

import re
import socket
from pathlib import Path

from app.errors import UpstreamError

_VERSION = b"UBCT1 "
_TIMEOUT_S = 5.0
_MOST_OCTETS, _MOST_TOLD_OCTETS = 1024, 1 << 23
_LOST = re.compile(rb"rto \d+ msec, ttl .* t(?:A|AAAA|other) [1-9]")
"""In what it says of an address that it asks: questions were lost, and that is not long ago."""
_OF_SERVERS = re.compile(rb"^\S+ \S+ ttl .* rec ([01]) ", re.MULTILINE)
"""Of an address that was asked not long ago: whether it answers as a resolver does."""


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
    return _LOST.search(_said(path, b"lookup .")) is not None


def asks_impostors(path: Path) -> bool:
    """Whether most servers of zones that it has asked in the last seconds answer as no server of a zone does, but as
    resolvers: without AA (RFC 1035 4.1.1). Raises OSError if nobody hears at `path`."""
    kinds = _OF_SERVERS.findall(_said(path, b"dump_infra"))
    return kinds.count(b"1") > max(kinds.count(b"0"), 1)


def _said(path: Path, command: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(_TIMEOUT_S)
        control.connect(str(path))
        control.sendall(_VERSION + command + b"\n")
        said = bytearray()
        while len(said) < _MOST_TOLD_OCTETS and (more := control.recv(1 << 16)):
            said += more
    return bytes(said)
