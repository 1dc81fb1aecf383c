"""A client's socket in the event loop: octets in, octets out.

asyncio's transports cost more calls per read, more memory per connection, and hide the half-closed states that this
protocol lives on; what is needed of them is this page.
"""

import asyncio
import socket
import struct
from typing import Protocol

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Owner(Protocol):
    """Who is told. None of these is called again after `ended`."""

    def received(self, data: memoryview) -> None:
        """`data` is good until this returns."""

    def peer_finished(self) -> None:
        """The peer sends no more, but may still read. Reading has stopped."""

    def drained(self) -> None:
        """Everything written so far is with the kernel."""

    def ended(self, reset: bool) -> None:
        """The socket is closed; `reset` if the peer broke it off."""


class Stream:
    """Takes over `connected`, a non-blocking socket. `buffer` is where reads go: one for all streams of a loop, because
    it is emptied before the loop turns to the next."""

    __slots__ = ("_buffer", "_closing", "_fd", "_loop", "_owner", "_reading", "_socket", "_unsent", "closed")

    def __init__(
        self, connected: socket.socket, owner: Owner, buffer: memoryview, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._socket = connected
        self._fd = connected.fileno()
        self._owner = owner
        self._buffer = buffer
        self._loop = loop
        self._unsent = b""
        self._closing = False
        self._reading = False
        self.closed = False
        self.resume()

    @property
    def unsent(self) -> int:
        """Octets that the kernel has not taken yet."""
        return len(self._unsent)

    @property
    def closing(self) -> bool:
        """True from `close` or `abort` on."""
        return self._closing

    def pause(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def resume(self) -> None:
        if not self._reading and not self._closing:
            self._reading = True
            self._loop.add_reader(self._fd, self._readable)

    def write(self, data: bytes) -> None:
        """Send `data`, now as far as the kernel takes it and the rest later. A broken connection ends soon after."""
        if self._closing:
            return
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._closing = True
            self._loop.call_soon(self._end, True)
            return
        if sent < len(data):
            self._unsent = data[sent:]
            self._loop.add_writer(self._fd, self._writable)

    def close(self) -> None:
        """End the stream once everything written is sent."""
        if self._closing:
            return
        self.pause()
        self._closing = True
        if not self._unsent:
            self._loop.call_soon(self._end, False)

    def abort(self) -> None:
        """End the stream at once: what is unsent is lost, and the peer sees a reset."""
        if self.closed:
            return
        self._closing = True
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._end(False)

    def _readable(self) -> None:
        try:
            count = self._socket.recv_into(self._buffer)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._end(True)
            return
        if count:
            self._owner.received(self._buffer[:count])
        else:
            self.pause()
            self._owner.peer_finished()

    def _writable(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._end(True)
            return
        self._unsent = self._unsent[sent:]
        if self._unsent:
            return
        self._loop.remove_writer(self._fd)
        if self._closing:
            self._end(False)
        else:
            self._owner.drained()

    def _end(self, reset: bool) -> None:
        if self.closed:
            return
        self._closing = self.closed = True
        self.pause()
        self._loop.remove_writer(self._fd)
        self._unsent = b""
        self._socket.close()
        owner = self._owner
        del self._owner  # or owner and stream would hold each other, and TLS's memory, until the collector comes by
        owner.ended(reset)
