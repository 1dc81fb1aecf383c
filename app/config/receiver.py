"""The address that is told of a change: text -> receiver. Whoever knows it can write there, so it is shown cut short.
Pure."""

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit


@dataclass(frozen=True, slots=True, repr=False)
class Receiver:
    """`url` is whole; what is printed is only its scheme and host."""

    url: str

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}/***"

    __repr__ = __str__


def receiver(raw: object) -> Receiver:
    """`https://ntfy.example.com/topic`, or a webhook's address. Raises ValueError."""
    text = str(raw).strip()
    parts = _parts(text)
    if parts is None or "@" in parts.netloc:
        raise ValueError("must be a web address without a user name, like https://ntfy.example.com/topic")
    return Receiver(text.partition("#")[0])


def _parts(text: str) -> SplitResult | None:
    if not text.isascii() or not text.isprintable() or " " in text:
        return None
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if is_web else None
