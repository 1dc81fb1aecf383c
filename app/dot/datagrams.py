"""Plain DNS over UDP, for `plain.enabled`: devices without DNS over TLS, and those that look for it from plain DNS.

Answers fit what the client can take, or say so with TC. Never an open resolver: an address outside the networks that
are allowed gets nothing, not even a refusal, because the address may be forged.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from ipaddress import ip_address
from typing import final

from .contract import Answerer, TransportInfo
from .counters import Count
from .query_rate import QueryRate

log = logging.getLogger(__name__)

_PER_TURN = 64
_IP_PKTINFO = 8  # Linux; the socket module has no name for it before Python 3.14
_ANCILLARY_OCTETS = socket.CMSG_SPACE(20)  # in6_pktinfo, the longer of the two
Address = tuple[str, int]
Ancillary = list[tuple[int, int, bytes]]
Fit = Callable[[bytes, bytes], bytes]


@final
class Datagrams:
    """Answers on the bound sockets `listening` until `close`; made inside a running loop.

    What `rate` does not allow is dropped. At most `most_unfinished` queries wait for an answer; what comes beyond is
    dropped too, and the client asks again. `fit` gets query and answer and makes the answer small enough.
    """

    def __init__(
        self,
        listening: Iterable[socket.socket],
        answerer: Answerer,
        *,
        fit: Fit,
        is_allowed: Callable[[str], bool],
        rate: QueryRate,
        most_unfinished: int,
        count: memoryview,
    ) -> None:
        self._sockets = list(listening)
        self._answerer = answerer
        self._fit = fit
        self._is_allowed = self._is_usual = is_allowed
        self._exceptions: Mapping[str, Answerer] = {}
        self._rate = rate
        self._most_unfinished = most_unfinished
        self._count = count
        self._unfinished: set[_Sender] = set()
        self._loop = asyncio.get_running_loop()
        for bound in self._sockets:
            _tell_destination(bound)
            self._loop.add_reader(bound, self._readable, bound)

    def except_for(self, answerers: Mapping[str, Answerer]) -> None:
        """From now on the clients with these addresses are answered by these."""
        self._exceptions, allowed = answerers, self._is_allowed

        def is_usual(address: str) -> bool:
            return address.partition("%")[0] not in answerers and allowed(address)

        self._is_usual = is_usual if answerers else allowed

    def close(self) -> None:
        for bound in self._sockets:
            self._loop.remove_reader(bound)
            bound.close()

    def _readable(self, bound: socket.socket) -> None:
        for _ in range(_PER_TURN):
            try:
                message, here, _, address = bound.recvmsg(65535, _ANCILLARY_OCTETS)
            except OSError as error:
                if not isinstance(error, BlockingIOError):
                    log.debug("UDP: %s", error)  # an ICMP error of an earlier answer
                return
            if not self._is_usual(address[0]):
                self._unusual(bound, message, here, address)
                continue
            if not self._rate.allows(address[0]):
                self._count[Count.QUERIES_LIMITED] += 1
                continue
            self._count[Count.QUERIES_PLAIN] += 1
            answer = self._answerer.lookup(message)
            if answer is not None:
                self._send(bound, address, here, message, answer)
            elif len(self._unfinished) < self._most_unfinished:
                self._resolve(message, _Sender(bound, address, here), self._answerer)

    def _unusual(self, bound: socket.socket, message: bytes, here: Ancillary, address: Address) -> None:
        """Of somebody who is not allowed, or is answered by another than all: no other client pays for that."""
        answerer = self._exceptions.get(address[0].partition("%")[0])
        if answerer is None or not self._is_allowed(address[0]):
            self._count[Count.REFUSED_NOT_ALLOWED] += 1
            return
        if not self._rate.allows(address[0]):
            self._count[Count.QUERIES_LIMITED] += 1
            return
        self._count[Count.QUERIES_PLAIN] += 1
        answer = answerer.lookup(message)
        if answer is not None:
            self._send(bound, address, here, message, answer)
        elif len(self._unfinished) < self._most_unfinished:
            self._resolve(message, _Sender(bound, address, here), answerer)

    def _resolve(self, message: bytes, sender: "_Sender", answerer: Answerer) -> None:
        self._unfinished.add(sender)
        try:
            answerer.resolve(message, sender, None, partial(self._finish, sender, message))
        except Exception:
            # Nobody answers it any more, and the next datagrams can do nothing for it.
            self._unfinished.discard(sender)
            log.exception("a fault of Homedot's own costs one question")

    def _finish(self, sender: "_Sender", message: bytes, answer: bytes | None) -> None:
        self._unfinished.discard(sender)
        if answer is not None and sender.bound.fileno() >= 0:
            self._send(sender.bound, sender.address, sender.ancillary, message, answer)

    def _send(self, bound: socket.socket, address: Address, here: Ancillary, message: bytes, answer: bytes) -> None:
        try:
            bound.sendmsg([self._fit(message, answer)], here, 0, address)
        except OSError as error:
            log.debug("UDP to %s: %s", address[0], error)


@final
class _Sender:
    """Who asked in one datagram."""

    __slots__ = ("address", "ancillary", "bound", "client")

    def __init__(self, bound: socket.socket, address: Address, ancillary: Ancillary) -> None:
        self.bound = bound
        self.address = address
        self.ancillary = ancillary
        self.client = address[0]

    def how(self) -> TransportInfo:
        return {"transport": "udp"}

    def here(self) -> str:
        for level, _, data in self.ancillary:
            # struct in6_pktinfo begins with the address, struct in_pktinfo ends with it (ip(7), RFC 3542 6).
            octets = data[:16] if level == socket.IPPROTO_IPV6 else data[8:12]
            return str(ip_address(octets))
        return ""


def _tell_destination(bound: socket.socket) -> None:
    """Have the kernel say which of our addresses was asked, so that the answer comes from there."""
    if bound.family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        bound.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
