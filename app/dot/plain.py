"""The session that is none: DNS over TCP without TLS, for `plain.enabled` (RFC 7766). Pure."""

from .contract import TransportInfo


class PlainSession:
    """Looks like a TLS session to a connection, and changes nothing."""

    __slots__ = ("established", "peer_closed")

    def __init__(self) -> None:
        self.established = False
        self.peer_closed = False

    def receive(self, data: memoryview) -> bytes:
        self.established = True
        return bytes(data)

    def send(self, plaintext: bytes) -> bytes:
        return plaintext

    def take_output(self) -> bytes:
        return b""

    def close(self) -> bytes:
        return b""

    def how(self) -> TransportInfo:
        return {"transport": "tcp"}

    def describe(self) -> str:
        return "plain TCP"

    @property
    def is_resumed(self) -> None:
        """There is no handshake."""

    @property
    def has_output(self) -> bool:
        return False
