"""The address or path of a block list, and what the operator says about the list before it. Pure.

exact:https://example.com/list.txt      a plain name in it is for that name alone
wildcard:/config/mine.txt               a plain name in it is for everything below it too
tlds:https://example.com/tlds.txt       rules for whole top-level domains and other public suffixes count
"""

from typing import NamedTuple

from . import values

WORDS = ("tlds", "exact", "wildcard")


class ListSource(NamedTuple):
    """`is_wildcard` is None where nothing is said about it."""

    address: str
    is_wildcard: bool | None
    has_tlds: bool

    @property
    def is_file(self) -> bool:
        return self.address.startswith("/")


def list_source(raw: object) -> str:
    """What stands in the setting: words in one order, each with a colon, and an address as `values.list_source` has
    it."""
    words, address = _split(str(raw).strip())
    if {"exact", "wildcard"} <= words:
        raise ValueError("must be exact: or wildcard:, and not both of one list")
    return "".join(f"{word}:" for word in WORDS if word in words) + values.list_source(address)


def read(source: str) -> ListSource:
    """The parts of what `list_source` gives."""
    words, address = _split(source)
    is_wildcard = "wildcard" in words if words & {"exact", "wildcard"} else None
    return ListSource(address, is_wildcard, "tlds" in words)


def _split(text: str) -> tuple[set[str], str]:
    words: set[str] = set()
    while (parts := text.partition(":"))[0].strip().lower() in WORDS and parts[1]:
        words.add(parts[0].strip().lower())
        text = parts[2].strip()
    return words, text
