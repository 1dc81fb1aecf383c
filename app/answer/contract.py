"""What the answers need to know about who asks."""

from collections.abc import Mapping
from typing import Protocol


class Asker(Protocol):
    """`client` is the address, so that none takes more than its share of what can be unfinished.

    `how` says how the questions come, for the self-test to remember. `here` is the address of ours that was asked.
    """

    @property
    def client(self) -> str: ...
    def how(self) -> Mapping[str, str | bool | None]: ...
    def here(self) -> str: ...
