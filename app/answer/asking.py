"""A question of our own to upstream, and its answer."""

import asyncio

from app import dnsname

from . import edns, wire
from .contract import RecursiveResolver
from .wire import UpstreamResponse


def question(name: str, qtype: int, flags: int, *, opts: int = 1) -> bytes:
    """A query as far as its question; one OPT belongs behind it, or none."""
    header = b"\0\0" + flags.to_bytes(2, "big") + b"\0\1\0\0\0\0" + opts.to_bytes(2, "big")
    return header + dnsname.to_wire(name) + qtype.to_bytes(2, "big") + b"\0\1"


async def ask(
    upstream: RecursiveResolver, name: str, qtype: int, client: str, flags: int = wire.RD | wire.CD
) -> UpstreamResponse:
    """What upstream says, checked or not (CD), with signatures; without RD, what it knows. Raises TimeoutError if that
    is nothing, and UpstreamError if it cannot be read."""
    received: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

    def done(message: bytes | None) -> None:
        if not received.done():
            received.set_result(message)

    upstream.ask(question(name, qtype, flags) + edns.QUERY_OPT[True], client, done)
    message = await received
    if message is None:
        raise TimeoutError
    return wire.read_response(message)
