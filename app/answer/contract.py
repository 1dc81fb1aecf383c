"""What the answers need to know about who asks, and from whom they get what is not known here."""

from collections.abc import Callable, Mapping
from typing import Protocol

Reply = Callable[[bytes | None], None]
"""Gets the answer once, or None where there is none."""


class Requestor(Protocol):
    """`client` is the address, so that none takes more than its share of what can be unfinished.

    `how` says how the questions come, for the self-test to remember. `here` is the address of ours that was asked.
    """

    @property
    def client(self) -> str: ...
    def how(self) -> Mapping[str, str | bool | None]: ...
    def here(self) -> str: ...


class RecursiveResolver(Protocol):
    """Where answers come from that are not known yet."""

    def ask(self, query: bytes, client: str, reply: Reply) -> None: ...
