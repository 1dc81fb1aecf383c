"""The front door's own questions to unbound: does it answer at all, and does somebody outside?

A random name below the root, or below com where there are forwarders, is in nobody's cache, and what is said of it is
signed. Where unbound knows by itself that there is none (RFC 8198), it comes at once, or has lost some of its time, and
shows nothing: then a name is asked for that is never kept.
"""

import asyncio
import secrets
from collections.abc import Callable
from time import monotonic

from app import dnsname
from app.answer import edns, wire
from app.answer.evidence import MissKind
from app.answer.upstream import Upstream
from app.answer.witness import FROM_OUTSIDE_S, miss_of
from app.doctor import healthcheck
from app.doctor.judgement import ANSWER_WITHIN_S, PONG_WITHIN_S, OwnAnswer
from app.unbound.conf import OUTSIDE

_ASKER = "this box"  # counts as one client
_BELOW = {False: "", True: ".com"}
_ANSWERS = (wire.Rcode.NOERROR, wire.Rcode.NXDOMAIN)


class OwnQuestions:
    """Asks `upstream`. `forwards` says whether unbound does; `sent` counts the questions that somebody outside got."""

    def __init__(self, upstream: Upstream, forwards: Callable[[], bool]) -> None:
        self._upstream = upstream
        self._forwards = forwards
        self._most_ttl_s: int | None = None
        self.sent = 0

    async def ping(self) -> bool:
        """Whether unbound says what it knows itself."""
        return await self._asked(healthcheck.NAME, PONG_WITHIN_S) is not None

    async def ask(self) -> OwnAnswer:
        """Whether somebody outside says something."""
        begun_s = monotonic()
        random_name = secrets.token_hex(8) + _BELOW[self._forwards()]
        message = await self._asked(random_name, ANSWER_WITHIN_S)
        said = _says(message)
        self.sent += 1
        if message is None or said is not OwnAnswer.REACHED:
            return said
        if self._is_whole(message) and monotonic() - begun_s >= FROM_OUTSIDE_S:
            return OwnAnswer.PROVEN
        return _says(await self._asked(f"{secrets.token_hex(4)}.{OUTSIDE}", ANSWER_WITHIN_S))

    def _is_whole(self, message: bytes) -> bool:
        """Whether none of its time has passed: it has as much as the one that had most."""
        ttl_s, most_s = wire.read_response(message).ttl_s or 0, self._most_ttl_s
        self._most_ttl_s = max(ttl_s, most_s or 0)
        return most_s is not None and ttl_s >= most_s

    async def _asked(self, name: str, within_s: float) -> bytes | None:
        received: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

        def done(message: bytes | None) -> None:
            if not received.done():
                received.set_result(message)

        header = b"\0\0" + wire.RD.to_bytes(2, "big") + b"\0\1\0\0\0\0\0\1"
        query = header + dnsname.to_wire(name) + wire.TYPE_A.to_bytes(2, "big") + b"\0\1" + edns.QUERY_OPT[True]
        self._upstream.ask(query, _ASKER, done)
        try:
            async with asyncio.timeout(within_s):
                return await received
        except TimeoutError:
            return None


def _says(message: bytes | None) -> OwnAnswer:
    match miss_of(message):
        case MissKind.BOGUS:
            return OwnAnswer.BOGUS
        case None if message is not None and message[3] & wire.RCODE_MASK in _ANSWERS:
            return OwnAnswer.REACHED
    return OwnAnswer.NOTHING
