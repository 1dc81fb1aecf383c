"""What the answers need to know about who asks, and from whom they get what is not known here."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, final

from .records import LocalResponse
from .ruleset import Ruleset
from .wire import Opt, Query

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


@final
class Failure(NamedTuple):
    """SERVFAIL with `opt` to `asked`, the name in `query` or one that an alias of the home leads to, from `client`."""

    ruleset: Ruleset
    asked: str
    query: Query
    client: str
    opt: Opt | None


class FailureAnalyst(Protocol):
    """Who finds out what clients should be told instead of SERVFAIL; None if nothing better is known."""

    def look(self, failure: Failure, then: Callable[[LocalResponse | None], None]) -> None: ...
