"""An `Answerer` without DNS: it echoes, now or when it is told to."""

import asyncio
from collections.abc import Callable

from app.dot.contract import Peer

Reply = Callable[[bytes | None], None]


class EchoAnswerer:
    """Messages that start with `slow` wait for `release`; `none` deserves no answer; `broken` shows a fault in the
    answerer; all else is echoed at once, and of `large` the echo is long."""

    def __init__(self) -> None:
        self.waiting: list[tuple[bytes, Reply]] = []
        self.seen: list[bytes] = []
        self.idle_timeouts_s: list[float | None] = []
        self.askers: list[Peer] = []
        self.somebody_waits = asyncio.Event()

    def lookup(self, message: bytes) -> bytes | None:
        self.seen.append(message)
        if message.startswith((b"slow", b"none", b"broken")):
            return None
        return message + bytes(60_000) if message.startswith(b"large") else message

    def resolve(self, message: bytes, asker: Peer, idle_timeout_s: float | None, reply: Reply) -> None:
        self.idle_timeouts_s.append(idle_timeout_s)
        self.askers.append(asker)
        if message.startswith(b"broken"):
            raise ZeroDivisionError
        if message.startswith(b"none"):
            reply(None)
            return
        self.waiting.append((message, reply))
        self.somebody_waits.set()

    def release(self) -> None:
        """Answer all that wait, the last one first."""
        waiting, self.waiting = self.waiting, []
        for message, reply in reversed(waiting):
            reply(message)
