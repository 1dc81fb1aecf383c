"""Sockets bound to a port of every address, of some or of loopback, or a sentence that says why that cannot be."""

import errno
import os
import socket
from collections.abc import Callable, Container, Iterable
from contextlib import suppress

from .errors import OperatorError
from .holders import EVERY_ADDRESS, holders

Option = tuple[int, int, int]
"""Level, name and value, as `setsockopt` takes them."""

LOOPBACK = "127.0.0.1"
_EVERY = ""
_OF_LOOPBACK = {socket.AF_INET: LOOPBACK, socket.AF_INET6: "::1"}
_TRIES = 16
_SHARE: Option = (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
_WITHOUT_IPV6 = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


def bound_sockets(
    port: int,
    setting: str,
    kind: socket.SocketKind = socket.SOCK_STREAM,
    *,
    options: Iterable[Option] = (),
    shared: bool = False,
    joins: bool = False,
    instead: Callable[[], Iterable[str]] | None = None,
) -> list[socket.socket]:
    """Non-blocking sockets on `port` of every address, IPv4 and then IPv6 where there is one; streams listen.

    With port 0 the kernel chooses one for both. Nobody else may have the port. When these are `shared`, others of our
    user may have it from then on, when they say that they `joins`: whoever does not is told that the port is taken, so
    that two Homedots never share one (SO_REUSEPORT). Where somebody has the port of one address, those of `instead` and
    loopback are bound, if it is given: systemd-resolved has 127.0.0.53, dnsmasq a bridge of virtual machines. Raises
    OperatorError that names `setting`.
    """
    wanted = list(options)
    if kind == socket.SOCK_STREAM:
        wanted.append((socket.SOL_SOCKET, socket.SO_REUSEADDR, 1))
    if joins:
        wanted.append(_SHARE)
    sockets: list[socket.socket] = []
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            found = _bound_of(family, kind, port, wanted, instead)
            for bound in found:
                if shared:
                    bound.setsockopt(*_SHARE)
        except OSError as error:
            if sockets and error.errno in _WITHOUT_IPV6:
                continue
            for other in sockets:
                other.close()
            more = "" if instead is None else ", or leave its address out of `addresses`"
            raise OperatorError(_why_not(setting, port, error, more)) from error
        sockets += found
        port = port or sockets[0].getsockname()[1]
    return sockets


def free_on_loopback(but_not: Container[int]) -> int:
    """A port of 127.0.0.1 that nobody has, UDP or TCP. It is not kept: `reserved` does that. Raises OperatorError."""
    for _ in range(_TRIES):
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams, socket.socket() as streams:
            datagrams.bind((LOOPBACK, 0))
            port = int(datagrams.getsockname()[1])
            with suppress(OSError):
                streams.bind((LOOPBACK, port))
                if port not in but_not:
                    return port
    raise OperatorError(f"no free port on {LOOPBACK} in {_TRIES} tries: see `ss -lntup` for what has them")


def reserved(port: int, setting: str, uid: int | None) -> tuple[socket.socket, socket.socket]:
    """Two sockets that reserve 127.0.0.1:`port`, UDP and TCP, until they are closed.

    Only a program of the user `uid` (None: ours) that asks for SO_REUSEPORT can bind the port meanwhile; every other
    bind that takes in this address is refused, whatever options it asks for (ip(7), socket(7)). The two hear nothing:
    while no such program is there, a sender is refused. Raises OperatorError that names `setting`, also when such a
    program is there already.
    """
    datagrams, streams = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
    try:
        if uid is not None:
            for fresh in (datagrams, streams):
                os.fchown(fresh.fileno(), uid, -1)  # Linux compares the users of the sockets
        datagrams.bind((LOOPBACK, port))
        # Connections that have ended may linger on the port. Without the option again, nobody else can listen.
        streams.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        streams.bind((LOOPBACK, port))
        streams.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        datagrams.connect(datagrams.getsockname())  # and so hears itself alone
        for bound in (datagrams, streams):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError as error:
        datagrams.close()
        streams.close()
        raise OperatorError(_why_not(setting, port, error)) from error
    return datagrams, streams


def _bound_of(
    family: socket.AddressFamily,
    kind: socket.SocketKind,
    port: int,
    options: list[Option],
    instead: Callable[[], Iterable[str]] | None,
) -> list[socket.socket]:
    """One for every address, or one for each of `instead`; none of IPv6 if there are none. Raises OSError."""
    try:
        return [_bound(family, kind, port, options)]
    except OSError as error:
        if error.errno != errno.EADDRINUSE or instead is None:
            raise
        every = list(instead())
        if not every:
            raise
    addresses = [address for address in every if (":" in address) is (family == socket.AF_INET6)]
    found = list[socket.socket]()
    for address in addresses:
        try:
            found.append(_bound(family, kind, port, options, address))
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:  # the operator may name one that is not this machine's
                for other in found:
                    other.close()
                raise
    if _OF_LOOPBACK[family] not in addresses:
        with suppress(OSError):  # somebody on this machine may have it, and no device asks there
            found.append(_bound(family, kind, port, options, _OF_LOOPBACK[family]))
    return found


def _bound(
    family: socket.AddressFamily, kind: socket.SocketKind, port: int, options: list[Option], address: str = _EVERY
) -> socket.socket:
    fresh = socket.socket(family, kind)
    try:
        for option in options:
            fresh.setsockopt(*option)
        if family == socket.AF_INET6:
            fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        fresh.bind((address, port))
        if kind == socket.SOCK_STREAM:
            fresh.listen()  # from here on nobody else can, though both said SO_REUSEADDR
        fresh.setblocking(False)
    except OSError:
        fresh.close()
        raise
    return fresh


def _why_not(setting: str, port: int, error: OSError, more: str = "") -> str:
    if error.errno == errno.EADDRINUSE:
        who = holders(port)
        at = f": it has {', '.join(who)}" if who else ""
        if not who or any(each.startswith(EVERY_ADDRESS) for each in who):
            more = ""
        todo = f"stop it or choose another port{more}"
        return f"{setting}: {port} is taken by another program (see `ss -lntup`){at}: {todo}"
    if error.errno == errno.EACCES:
        return f"{setting}: {port} needs the capability NET_BIND_SERVICE: add it, or choose a port above 1023"
    return f"{setting}: cannot listen on {port}: {error.strerror}"
