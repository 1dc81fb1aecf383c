"""Sockets bound to a port of every address, or a sentence that says why that cannot be."""

import errno
import socket
from collections.abc import Iterable

from .errors import OperatorError

Option = tuple[int, int, int]
"""Level, name and value, as `setsockopt` takes them."""

_WITHOUT_IPV6 = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


def bound_sockets(
    port: int,
    setting: str,
    kind: socket.SocketKind = socket.SOCK_STREAM,
    *,
    options: Iterable[Option] = (),
    shared: bool = False,
) -> list[socket.socket]:
    """Non-blocking sockets on `port` of every address, IPv4 and then IPv6 where there is one, not yet listening.

    With port 0 the kernel chooses one for both. `shared` lets other processes of ours bind the same port
    (SO_REUSEPORT). Raises OperatorError that names `setting`.
    """
    wanted = list(options)
    if kind == socket.SOCK_STREAM:
        wanted.append((socket.SOL_SOCKET, socket.SO_REUSEADDR, 1))
    if shared:
        wanted.append((socket.SOL_SOCKET, socket.SO_REUSEPORT, 1))
    sockets: list[socket.socket] = []
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            bound = _bound(family, kind, port, wanted)
        except OSError as error:
            if sockets and error.errno in _WITHOUT_IPV6:
                continue
            for other in sockets:
                other.close()
            raise OperatorError(_why_not(setting, port, error)) from error
        port = port or bound.getsockname()[1]
        sockets.append(bound)
    return sockets


def _bound(family: socket.AddressFamily, kind: socket.SocketKind, port: int, options: list[Option]) -> socket.socket:
    fresh = socket.socket(family, kind)
    try:
        for option in options:
            fresh.setsockopt(*option)
        if family == socket.AF_INET6:
            fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        fresh.bind(("", port))
        fresh.setblocking(False)
    except OSError:
        fresh.close()
        raise
    return fresh


def _why_not(setting: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{setting}: {port} is taken by another program (see `ss -lntup`): stop it or choose another port"
    if error.errno == errno.EACCES:
        return f"{setting}: {port} needs the capability NET_BIND_SERVICE: add it, or choose a port above 1023"
    return f"{setting}: cannot listen on {port}: {error.strerror}"
