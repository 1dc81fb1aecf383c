"""Names: from a message to text and back. Pure, in bounded time.

Text has no dot at its end; octets that are no letter, digit, hyphen or underscore are \\DDD in it (RFC 1035 5.1), so a
dot always separates labels.
"""

import re
from collections.abc import Sequence

_PLAIN = re.compile(rb"[a-zA-Z0-9_.-]*")
_PLAIN_OCTETS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_MOST_OCTETS = 255


def read(message: bytes, at: int) -> tuple[list[bytes], int]:
    """The labels of the name at `at`, and the offset after it; compression pointers are followed (RFC 1035 4.1.4).

    Raises IndexError past the end, for a reserved label, for more than 255 octets, and for a pointer that does not
    point backwards: so every name ends.
    """
    labels: list[bytes] = []
    after, begin, octets = 0, at, 1
    while length := message[at]:
        if length >= 0xC0:
            after = after or at + 2
            at = (length & 0x3F) << 8 | message[at + 1]
            if at >= begin:
                raise IndexError
            begin = at
            continue
        octets += length + 1
        if length > 63 or octets > _MOST_OCTETS:
            raise IndexError
        labels.append(message[at + 1 : at + 1 + length])
        at += length + 1
    return labels, after or at + 1


def text(labels: Sequence[bytes]) -> str:
    """`www.example`, the letters as they are; the root is empty."""
    joined = b".".join(labels)
    if _PLAIN.fullmatch(joined) and joined.count(b".") == max(len(labels) - 1, 0):
        return joined.decode()
    return ".".join("".join(_octet(octet) for octet in label) for label in labels)


def _octet(octet: int) -> str:
    return chr(octet) if octet in _PLAIN_OCTETS else f"\\{octet:03}"


def asked(question: bytes) -> str:
    """The name of a well-formed question, in lower case."""
    return text(read(question, 0)[0]).lower()


def to_wire(labels: Sequence[bytes]) -> bytes:
    return b"".join(len(label).to_bytes(1, "big") + label for label in labels) + b"\0"


def text_to_wire(name: str) -> bytes:
    """A name of letters, digits, hyphens and underscores, as settings have them."""
    return to_wire([label.encode() for label in name.split(".")]) if name else b"\0"


def suffixes(name: str) -> list[str]:
    """The name itself and every name above it but the root, the longest first."""
    found = [name]
    while name := name.partition(".")[2]:
        found.append(name)
    return found
