"""What is answered at the door, before anybody parses a request: whether this box is there, and who has asked too much.

A request that goes its whole way costs some milliseconds, one of these a tenth of one: whoever floods the page keeps
nobody from learning that this box is there.
"""

import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple, final

from .budget import Budget, Cost
from .guard import HEADERS

_REQUEST = re.compile(
    rb"GET (/[a-z]+) HTTP/1\.[01]\r\n(?:(?!host:)[^\r\n]+\r\n)*"
    rb"(?:host: *(?:[0-9.]+|\[[0-9a-f.:]+\]|localhost)(?::[0-9]+)?\r\n)?(?:(?!host:)[^\r\n]+\r\n)*\r\n",
    re.IGNORECASE,
)
"""One request without a body, whole and alone (RFC 9112 2.1), that was sent to an address: a name could be a stranger's
that was made to lead here, which `guard` looks into."""
_PHRASES = {200: "OK", 429: "Too Many Requests", 503: "Service Unavailable"}
RETRY_AFTER_S = 5
SPENT_ALL = "You asked this box for a lot at once. Wait some seconds, and try again.\n"


class Told(NamedTuple):
    """An answer in words."""

    status: int
    text: str


Answer = Callable[[], Coroutine[Any, Any, Told]]
Vital = Mapping[str, Answer]
"""By path, what answers it."""


@final
class Porter:
    """`budget` is that of all other requests; those to `vital` have one of their own."""

    def __init__(self, vital: Vital, budget: Budget) -> None:
        self._vital = vital
        self._budget = budget
        self._of_vital = budget.another()

    def vital(self, octets: bytes) -> Answer | None:
        """What answers the request, if it is a vital one."""
        match = _REQUEST.fullmatch(octets)
        return self._vital.get(match[1].decode()) if match else None

    def is_late(self, address: str) -> bool:
        """Whether a vital request of `address` is to be answered later; it is paid for."""
        return not self._of_vital.takes(address, Cost.REQUEST)

    def has_spent_all(self, address: str) -> bool:
        return not self._budget.has(address, Cost.REQUEST)


def written(told: Told) -> bytes:
    """As HTTP/1.1, after which the connection ends."""
    body = told.text.encode()
    headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body)), **HEADERS}
    headers |= {"Retry-After": str(RETRY_AFTER_S)} if told.status == 429 else {}
    lines = [f"HTTP/1.1 {told.status} {_PHRASES[told.status]}", *(f"{name}: {its}" for name, its in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body
