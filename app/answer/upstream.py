"""The socket to unbound on loopback, who answers what is asked outside: UDP, with TCP for what does not fit.

One connected socket carries everything; ids tell the answers apart. Nobody else can send from unbound's port on
loopback, which the supervisor has reserved; the ids are drawn all the same (RFC 5452 4.3). A lost datagram, or an
unbound that was just restarted, costs one repetition and no client notices.
"""

import asyncio
import logging
import socket
from secrets import randbits
from time import monotonic
from typing import final

from .contract import Reply

log = logging.getLogger(__name__)

_TIMEOUT_S = 8.0
"""A stub resolver gives up after about five seconds and asks again; unbound goes on by itself in any case."""
_REPEAT_S = 1.0
_SWEEP_S = 0.25
_DATAGRAMS_PER_TURN = 64
_TC = 0x02
_HEADER_OCTETS = 12


@final
class _Waiting:
    __slots__ = ("client", "ends_s", "query", "repeat_s", "reply")

    def __init__(self, query: bytes, client: str, reply: Reply, *, ends_s: float, repeat_s: float) -> None:
        self.query = query
        self.client = client
        self.reply = reply
        self.ends_s = ends_s
        self.repeat_s = repeat_s


@final
class Upstream:
    """unbound at 127.0.0.1:`port`, asked at most `most_unfinished` (below 65536) questions at once.

    No client has more than a quarter of them, or of the `at_once` that unbound can work on, so none can starve the
    others; behind an address in `unshared` are many. A question is repeated every `repeat_s` and given up after
    `timeout_s`. Opened and used in a running event loop.
    """

    __slots__ = (
        "_address", "_by_client", "_loop", "_most_of_client", "_most_unfinished", "_repeat_s", "_socket", "_streams",
        "_sweep", "_timeout_s", "_unshared", "_waiting",
    )  # fmt: skip

    def __init__(
        self,
        port: int,
        most_unfinished: int,
        *,
        at_once: int | None = None,
        unshared: frozenset[str] = frozenset(),
        repeat_s: float = _REPEAT_S,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        self._repeat_s = repeat_s
        self._timeout_s = timeout_s
        self._most_unfinished = most_unfinished
        self._most_of_client = max(min(most_unfinished, at_once or most_unfinished) // 4, 1)
        self._unshared = unshared
        self._by_client: dict[str, int] = {}
        self._address = ("127.0.0.1", port)
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, _Waiting] = {}
        self._streams: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        self._socket.connect(self._address)
        self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Give up on everything unfinished; each `reply` is called with None."""
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for task in self._streams:
            task.cancel()
        for waiting in list(self._waiting.values()):
            waiting.reply(None)
        self._waiting.clear()
        if self._sweep is not None:
            self._sweep.cancel()

    def ask(self, query: bytes, client: str, reply: Reply) -> None:
        """Send `query` (its first two octets are replaced by an id of ours) and call `reply` once, with the response or
        with None when there is none in time or too much is unfinished already, in all or of `client`."""
        of_client = self._by_client.get(client, 0)
        has_its_share = of_client >= self._most_of_client and client not in self._unshared
        if has_its_share or len(self._waiting) >= self._most_unfinished:
            reply(None)
            return
        self._by_client[client] = of_client + 1
        while (number := randbits(16)) in self._waiting:
            pass
        message = number.to_bytes(2, "big") + query[2:]
        now_s = monotonic()
        self._waiting[number] = _Waiting(
            message, client, reply, ends_s=now_s + self._timeout_s, repeat_s=now_s + self._repeat_s
        )
        self._send(message)
        if self._sweep is None:
            self._sweep = self._loop.call_later(_SWEEP_S, self._look_at_clock)

    def _send(self, message: bytes) -> None:
        try:
            self._socket.send(message)
        except OSError as error:
            # Refused: unbound is not there yet. Full: it is busy. Either way the repetition is the remedy.
            log.debug("upstream: %s", error)

    def _readable(self) -> None:
        for _ in range(_DATAGRAMS_PER_TURN):
            try:
                message = self._socket.recv(65535)
            except BlockingIOError:
                return
            except OSError as error:
                log.debug("upstream: %s", error)
                self._repeat_soon()
                return
            self._received(message)

    def _repeat_soon(self) -> None:
        """Nobody listens: unbound is starting again, and everything it had not answered is lost."""
        soon_s = monotonic() + _SWEEP_S
        for waiting in self._waiting.values():
            waiting.repeat_s = min(waiting.repeat_s, soon_s)

    def _received(self, message: bytes) -> None:
        waiting = self._waiting.get(int.from_bytes(message[:2], "big"))
        if waiting is None or not _answers(message, waiting.query):
            return  # late, or not an answer to this question
        if message[2] & _TC:
            waiting.repeat_s = waiting.ends_s
            task = self._loop.create_task(self._ask_stream(waiting))
            self._streams.add(task)
            task.add_done_callback(self._streams.discard)
            return
        self._finish(waiting, message)

    def _finish(self, waiting: _Waiting, message: bytes | None) -> None:
        number = int.from_bytes(waiting.query[:2], "big")
        if self._waiting.get(number) is not waiting:
            return  # it was finished before, and the id may be another's by now
        del self._waiting[number]
        left = self._by_client[waiting.client] - 1
        if left:
            self._by_client[waiting.client] = left
        else:
            del self._by_client[waiting.client]
        waiting.reply(message)

    async def _ask_stream(self, waiting: _Waiting) -> None:
        message = None
        try:
            async with asyncio.timeout(waiting.ends_s - monotonic()):
                reader, writer = await asyncio.open_connection(*self._address)
                try:
                    writer.write(len(waiting.query).to_bytes(2, "big") + waiting.query)
                    length = int.from_bytes(await reader.readexactly(2), "big")
                    received = await reader.readexactly(length)
                    message = received if _answers(received, waiting.query) else None
                finally:
                    writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            log.debug("upstream over TCP: %s", error)
        self._finish(waiting, message)

    def _look_at_clock(self) -> None:
        # First: a fault of whom an answer goes to must not end all deadlines.
        self._sweep = self._loop.call_later(_SWEEP_S, self._look_at_clock) if self._waiting else None
        now_s = monotonic()
        for waiting in list(self._waiting.values()):
            if now_s >= waiting.ends_s:
                self._finish(waiting, None)
            elif now_s >= waiting.repeat_s:
                waiting.repeat_s = now_s + self._repeat_s
                self._send(waiting.query)


def _answers(message: bytes, query: bytes) -> bool:
    """True if `message` is a response that repeats the id and the question of `query`, letter case included."""
    end = query.index(b"\0", _HEADER_OCTETS) + 5
    is_response = len(message) >= _HEADER_OCTETS and bool(message[2] & 0x80)
    return is_response and message[:2] == query[:2] and message[12:end] == query[12:end]
