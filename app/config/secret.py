"""A value that nobody is shown. Pure."""

from dataclasses import dataclass, field
from typing import final

_MOST_CHARACTERS = 4096


@final
@dataclass(frozen=True, slots=True)
class Secret:
    """`text` is the value; printed it is a word that says nothing."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        return "hidden"


def secret(raw: object) -> Secret:
    """One line of printable ASCII without spaces."""
    text = str(raw).strip()
    if not text or len(text) > _MOST_CHARACTERS or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be one word of printable characters, without spaces")
    return Secret(text)
