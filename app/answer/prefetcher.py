"""Who asks when the cache does: nobody waits for the answer. Pure."""

from collections.abc import Mapping
from typing import final


@final
class Prefetcher:
    """A requestor without an address."""

    __slots__ = ()

    @property
    def client(self) -> str:
        return ""

    def how(self) -> Mapping[str, str | bool | None]:
        return {}

    def here(self) -> str:
        return ""


PREFETCHER = Prefetcher()


def discard(_: bytes | None) -> None:
    """Who gets the answer to a question of the cache's: it has it already."""
