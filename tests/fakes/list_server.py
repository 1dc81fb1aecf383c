"""A server of block lists that answers with the very octets that a test wants."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from types import TracebackType

Answer = Callable[[bytes], Iterable[bytes]]
"""From the head of a request to the pieces of the answer."""


def http(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> list[bytes]:
    """An answer in one piece; `length` if it shall lie about it."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return ["\r\n".join(lines).encode() + body]


class ListServer:
    """On 127.0.0.1, each connection in a thread of its own, one request each. `requests` are the heads that came."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ending = threading.Event()
        self._accepting = threading.Thread(target=self._serve)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def url(self, path: str = "/list.txt", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def wait(self, seconds: float) -> None:
        """For an answer that is slow: ends early when the test does."""
        self._ending.wait(seconds)

    def __enter__(self) -> "ListServer":
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()

    def _serve(self) -> None:
        answering: list[threading.Thread] = []
        with contextlib.suppress(OSError):  # the end
            while True:
                connection, _ = self._listener.accept()
                answering.append(threading.Thread(target=self._converse, args=(connection,)))
                answering[-1].start()
        for thread in answering:
            thread.join()

    def _converse(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(30)
            self._answer_one(self._tls.wrap_socket(connection, server_side=True) if self._tls else connection)

    def _answer_one(self, connection: socket.socket) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            self.requests.append(head)
            for piece in self.answer(head):
                connection.sendall(piece)
