"""A DoT client on asyncio streams, for tests that look at messages and at the end of the connection."""

import asyncio
import ssl
from types import TracebackType

from .pair import NAME


class DotClient:
    """`async with DotClient(port) as client`; messages are octets without their length."""

    def __init__(
        self, port: int, host: str = "127.0.0.1", context: ssl.SSLContext | None = None, name: str = NAME, own: str = ""
    ) -> None:
        self._local = (own, 0) if own else None
        self._host, self._port, self._name = host, port, name
        self._context = context or unverified_context()

    async def __aenter__(self) -> "DotClient":
        self.reader, self.writer = await asyncio.open_connection(
            self._host, self._port, ssl=self._context, server_hostname=self._name, local_addr=self._local
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.transport.abort()

    def send(self, *messages: bytes) -> None:
        """All in one write."""
        self.writer.write(b"".join(len(message).to_bytes(2, "big") + message for message in messages))

    async def receive(self) -> bytes:
        """One message. Raises IncompleteReadError at the end of the connection, TimeoutError after ten seconds."""
        async with asyncio.timeout(10):
            return await self.reader.readexactly(int.from_bytes(await self.reader.readexactly(2), "big"))

    async def ended(self) -> bytes:
        """What still came before the end of the connection."""
        async with asyncio.timeout(10):
            return await self.reader.read()


def unverified_context() -> ssl.SSLContext:
    """Lets any certificate pass: for tests of everything but trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["dot"])
    return context
