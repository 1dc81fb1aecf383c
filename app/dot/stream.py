"""A client's socket in the event loop: octets in, octets out.

asyncio's transports cost more calls per read, more memory per connection, and hide the half-closed states that this
protocol lives on; what is needed of them is this page.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from time import monotonic
from typing import Protocol, final

from .poller import BROKEN, READABLE, WRITABLE, Poller

log = logging.getLogger(__name__)

_FAULT = "a fault of Homedot's own costs one connection"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class StreamEvents(Protocol):
    """Who is told. None of these is called again after `connection_lost`."""

    def data_received(self, data: memoryview) -> None:
        """`data` is good until this returns."""

    def eof_received(self) -> None:
        """The peer sends no more, but may still read. Reading has stopped."""

    def drained(self) -> None:
        """Everything written so far is with the kernel."""

    def connection_lost(self, *, reset: bool) -> None:
        """The socket is closed; `reset` if the peer broke it off."""


@final
class Stream:
    """Takes over `connected`, a non-blocking socket. `buffer` is where reads go: one for all streams of a loop, because
    it is emptied before the loop turns to the next."""

    __slots__ = (
        "_buffer", "_fd", "_owner", "_poller", "_socket", "closed", "closing", "lingering", "progress_s", "reading",
        "unsent",
    )  # fmt: skip
    __deletable__ = ("_owner",)

    def __init__(self, connected: socket.socket, owner: StreamEvents, buffer: memoryview, poller: Poller) -> None:
        self._socket = connected
        self._fd = connected.fileno()
        self._owner = owner
        self._buffer = buffer
        self._poller = poller
        self.reading = True
        """False while what comes is left in the kernel."""
        self.unsent = b""
        """What the kernel has not taken yet."""
        self.closing = False
        """True from `close`, `linger` or `abort` on."""
        self.lingering = False
        """True from `linger` on, until one of the others."""
        self.closed = False
        self.progress_s = 0.0
        """When the kernel last took something of what is unsent."""
        poller.add(self._fd, self._ready)

    @property
    def local_address(self) -> str:
        """The address of ours that the peer connected to; empty once the stream is closed."""
        return "" if self.closed else str(self._socket.getsockname()[0])

    def pause_reading(self) -> None:
        if self.reading and not self.closed:
            self.reading = False
            self._poller.watch(self._fd, reading=False, writing=bool(self.unsent))

    def resume_reading(self) -> None:
        if not self.reading and not self.closing:
            self.reading = True
            self._poller.watch(self._fd, reading=True, writing=bool(self.unsent))

    def write(self, data: bytes) -> None:
        """Send `data`, now as far as the kernel takes it and the rest later. A broken connection ends soon after."""
        if self.closing:
            return
        if self.unsent:
            self.unsent += data
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.closing = True
            asyncio.get_running_loop().call_soon(self._reset)
            return
        if sent < len(data):
            self.unsent = data[sent:]
            self.progress_s = monotonic()
            self._poller.watch(self._fd, reading=self.reading, writing=True)

    def close(self) -> None:
        """End the stream once everything written is sent."""
        if self.closing and not self.lingering:
            return
        self.closing, self.lingering = True, False
        if self.unsent:
            self.pause_reading()
        else:
            self.reading = False
            asyncio.get_running_loop().call_soon(self._finish)

    def linger(self) -> None:
        """Like `close`, but keep the socket until the peer has closed it too, and read what comes.

        Octets that nobody has read turn the kernel's farewell into a reset, which overtakes the last words (RFC 1122
        4.2.2.13). A peer that stays is for `close` or `abort` to end.
        """
        if self.closing:
            return
        self.closing = self.lingering = self.reading = True
        if self.unsent:
            self._poller.watch(self._fd, reading=True, writing=True)
        else:
            self._finish_writing()

    def abort(self) -> None:
        """End the stream at once: what is unsent is lost, and the peer sees a reset."""
        if self.closed:
            return
        self.closing = True
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._finish()

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Have the loop call `callback` in its next turn. A fault in it costs this connection and no other."""
        asyncio.get_running_loop().call_soon(self._call, callback)

    def _ready(self, events: int) -> None:
        if events & BROKEN:
            # Nobody could read an answer; what came before the end needs none (RFC 7766 6.2.4).
            self._reset()
            return
        try:
            if events & WRITABLE:
                self._send_more()
            if events & READABLE and self.reading:
                try:
                    count = self._socket.recv_into(self._buffer)
                except (BlockingIOError, InterruptedError):
                    return
                except OSError:
                    self._reset()
                    return
                if count:
                    self._owner.data_received(self._buffer[:count])
                elif self.lingering and not self.unsent:
                    self._finish()
                else:
                    self._owner.eof_received()
                    self.pause_reading()
        except Exception:
            # Level-triggered: left open, it would come back with the same fault for ever.
            log.exception(_FAULT)
            self.abort()

    def _send_more(self) -> None:
        try:
            sent = self._socket.send(self.unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._reset()
            return
        self.unsent = self.unsent[sent:]
        self.progress_s = monotonic()
        if self.unsent:
            return
        self._poller.watch(self._fd, reading=self.reading, writing=False)
        if self.lingering:
            self._finish_writing()
        elif self.closing:
            self._finish()
        else:
            self._owner.drained()

    def _finish_writing(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            asyncio.get_running_loop().call_soon(self._reset)
            return
        self.reading = True
        self._poller.watch(self._fd, reading=True, writing=False)

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception:
            log.exception(_FAULT)
            self.abort()

    def _reset(self) -> None:
        self._end(reset=True)

    def _finish(self) -> None:
        self._end(reset=False)

    def _end(self, *, reset: bool) -> None:
        if self.closed:
            return
        self.closing = self.closed = True
        self._poller.remove(self._fd)
        self.unsent = b""
        self._socket.close()
        owner = self._owner
        del self._owner  # or owner and stream would hold each other, and TLS's memory, until the collector comes by
        owner.connection_lost(reset=reset)
