"""Why did upstream fail? unbound says SERVFAIL to much that clients should be told better; further questions find out.

An answer that validation has refused is still there to be seen, and may be that of a forwarder that filters. Aliases
that lead nowhere can be followed. Only what a forwarder itself says when it refuses a type is seen by nobody but who
asks it: so that is asked past unbound. Each failure is looked into for a moment, and few of them at once.
"""

import asyncio
import logging
import secrets
import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import final

from app import dnsname
from app.config.forwarding import Forwarder
from app.errors import UpstreamError

from . import edns, filtering, records, wire
from .contract import Failure, RecursiveResolver
from .records import QNAME, LocalResponse
from .wire import Rcode, UpstreamResponse

log = logging.getLogger(__name__)

_TIMEOUT_S = 1.5
_ALIASES_TIMEOUT_S = 0.5
"""What is in unbound's cache comes at once."""
_MOST_AT_ONCE = 16
_MOST_ALIASES = 11
"""unbound's own limit, max-query-restarts."""
_TTL_S = 60
_REFUSALS = {Rcode.FORMERR, Rcode.NOTIMP, Rcode.REFUSED}


@final
class Diagnosis:
    """Looks into failures of `upstream`. `ca_bundle` has the certificates that `tls://` forwarders are checked with.
    `note_bogus` is called when validation was the reason, and no filter."""

    __slots__ = ("_ca_bundle", "_context", "_note_bogus", "_tasks", "_upstream")

    def __init__(
        self, upstream: RecursiveResolver, ca_bundle: Path, note_bogus: Callable[[], object] = lambda: None
    ) -> None:
        self._upstream = upstream
        self._ca_bundle = ca_bundle
        self._note_bogus = note_bogus
        self._context: ssl.SSLContext | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def look(self, failure: Failure, then: Callable[[LocalResponse | None], None]) -> None:
        """Call `then` with what is to be answered instead of `failure`; None: nothing better is known."""
        if len(self._tasks) >= _MOST_AT_ONCE or failure.query.flags & wire.CD:
            then(None)
            return

        async def explain() -> None:
            found = None
            try:
                found = await self.explanation(failure)
            except Exception:
                log.exception("a fault of Homedot's own; the query fails")
            then(found)

        task = asyncio.get_running_loop().create_task(explain())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def explanation(self, failure: Failure) -> LocalResponse | None:
        """What is to be answered instead of `failure`."""
        ruleset, asked, query, client, opt = failure
        forwarders = ruleset.forwarders_of(asked)
        try:
            if not edns.OF_VALIDATION.isdisjoint(edns.error_codes(opt)):
                may_be = forwarders and not ruleset.route_of(asked) and query.qtype in filtering.MAY_BE_FILTERED
                found = await self._filtered(asked, query.qtype, client, forwarders) if may_be else None
                if found is None:
                    self._note_bogus()
                return found
            if query.qtype in wire.SERVICE_TYPES and await self._is_refused(asked, query.qtype, forwarders):
                reason = edns.extended_error(edns.EDE_OTHER, "who was asked refuses questions of this type")
                return LocalResponse(authority=(records.soa(QNAME, _TTL_S),), errors=reason)
            if not forwarders and edns.error_codes(opt):
                return None  # it says itself that nobody could be reached
            return await self._lost_alias(asked, client, wire.CD if forwarders else wire.RD | wire.CD)
        except (OSError, TimeoutError, UpstreamError) as error:
            log.debug("diagnosis: %s", error)
            return None

    async def _filtered(
        self, asked: str, qtype: int, client: str, forwarders: Sequence[Forwarder]
    ) -> LocalResponse | None:
        """unbound keeps what it does not believe, and gives it to who does not want it checked (RFC 4035 3.2.2)."""
        async with asyncio.timeout(_TIMEOUT_S):
            unchecked = await self._asked(asked, qtype, client)
            if filtering.is_empty(unchecked):  # no other type than A says more
                unchecked = await self._asked(asked, wire.TYPE_A, client)
        return filtering.instead(unchecked, forwarders, is_bogus=True)

    async def _lost_alias(self, asked: str, client: str, flags: int) -> LocalResponse | None:
        """Whether the name leads in a circle, or over more aliases than unbound follows: those that it did are in its
        cache. When it forwards it tells them without RD, and no server that fails is asked once more (RFC 9520 3.1).
        Recursing it would tell whom to ask instead: with RD a server that fails is asked for this type too, and then it
        keeps also that for a moment."""
        seen = [asked]
        async with asyncio.timeout(_ALIASES_TIMEOUT_S):
            while len(seen) <= _MOST_ALIASES + 1:
                found = records.targets((await self._asked(seen[-1], wire.TYPE_CNAME, client, flags)).octets)
                if not found:
                    return None
                if found[0].name in seen:
                    return _failure("the aliases lead in a circle")
                seen.append(found[0].name)
        return _failure(f"more than {_MOST_ALIASES} aliases in a row")

    async def _asked(self, name: str, qtype: int, client: str, flags: int = wire.RD | wire.CD) -> UpstreamResponse:
        """What unbound says, checked or not; without RD, what it knows."""
        received: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

        def done(message: bytes | None) -> None:
            if not received.done():
                received.set_result(message)

        self._upstream.ask(_question(name, qtype, flags) + edns.QUERY_OPT[True], client, done)
        message = await received
        if message is None:
            raise TimeoutError
        return wire.read_response(message)

    async def _is_refused(self, asked: str, qtype: int, forwarders: Sequence[Forwarder]) -> bool:
        """Whether forwarders say that they know no such type, and none of them answers."""
        message = secrets.token_bytes(2) + _question(asked, qtype, wire.RD)[2:]
        tasks = [asyncio.create_task(self._rcode(each, message)) for each in forwarders]
        rcodes = set(await asyncio.gather(*tasks))
        return bool(rcodes & _REFUSALS) and rcodes.isdisjoint({Rcode.NOERROR, Rcode.NXDOMAIN})

    async def _rcode(self, forwarder: Forwarder, message: bytes) -> int | None:
        """What `forwarder` itself says; None if it does not."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                ask = self._over_udp if forwarder.tls_name is None else self._over_tls
                response = await ask(forwarder, message)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            log.debug("diagnosis: %s: %s", forwarder, error)
            return None
        is_response = len(response) >= wire.HEADER_OCTETS and response[:2] == message[:2] and response[2] & 0x80
        return response[3] & wire.RCODE_MASK if is_response else None

    async def _over_udp(self, forwarder: Forwarder, message: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        family = socket.AF_INET if forwarder.address.version == 4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_DGRAM) as own:
            own.setblocking(False)
            await loop.sock_connect(own, (str(forwarder.address), forwarder.port))
            await loop.sock_sendall(own, message)
            return await loop.sock_recv(own, 65535)

    async def _over_tls(self, forwarder: Forwarder, message: bytes) -> bytes:
        if self._context is None:
            self._context = await asyncio.to_thread(ssl.create_default_context, cafile=str(self._ca_bundle))
        reader, writer = await asyncio.open_connection(
            str(forwarder.address), forwarder.port, ssl=self._context, server_hostname=forwarder.tls_name
        )
        try:
            writer.write(len(message).to_bytes(2, "big") + message)
            return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        finally:
            writer.close()


def _question(name: str, qtype: int, flags: int) -> bytes:
    """A query as far as its question; with CD and DO an OPT belongs behind it."""
    opts = b"\0\1" if flags & wire.CD else b"\0\0"
    header = b"\0\0" + flags.to_bytes(2, "big") + b"\0\1\0\0\0\0" + opts
    return header + dnsname.to_wire(name) + qtype.to_bytes(2, "big") + b"\0\1"


def _failure(text: str) -> LocalResponse:
    return LocalResponse(rcode=Rcode.SERVFAIL, errors=edns.extended_error(edns.EDE_OTHER, text))
