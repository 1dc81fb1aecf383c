"""Names of DNS: in wire form, as text, and which of them is below which. Pure, in bounded time.

Text has no dot at its end; octets that are no letter, digit, hyphen or underscore are \\DDD in it (RFC 1035 5.1), so a
dot always separates labels.
"""

import re
from collections.abc import Sequence

MOST_WIRE_OCTETS = 255
MOST_LABEL_OCTETS = 63
MOST_TEXT_OCTETS = 253
"""RFC 1035 2.3.4; text lacks the length of the first label and the root."""
POINTER = 0xC0
"""The length from which on two octets are a pointer into the message (RFC 1035 4.1.4)."""

_PLAIN = re.compile(rb"[a-zA-Z0-9_.-]*")
_PLAIN_OCTETS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def skip(message: bytes, at: int, *, pointers: bool) -> int:
    """The offset after the name at `at`, which is not looked up where a pointer leads.

    Raises IndexError past the end, for a reserved label, for over 255 octets, and for a pointer unless `pointers`.
    """
    start = at
    while True:
        length = message[at]
        if length == 0:
            return at + 1
        if length >= POINTER and pointers:
            return at + 2
        at += length + 1
        if length > MOST_LABEL_OCTETS or at - start >= MOST_WIRE_OCTETS:
            raise IndexError


def read(message: bytes, at: int) -> tuple[list[bytes], int]:
    """The labels of the name at `at`, and the offset after it; compression pointers are followed (RFC 1035 4.1.4).

    Raises IndexError past the end, for a reserved label, for more than 255 octets, and for a pointer that does not
    point backwards: so every name ends.
    """
    labels: list[bytes] = []
    after, begin, octets = 0, at, 1
    while length := message[at]:
        if length >= POINTER:
            after = after or at + 2
            at = (length & 0x3F) << 8 | message[at + 1]
            if at >= begin:
                raise IndexError
            begin = at
            continue
        octets += length + 1
        if length > MOST_LABEL_OCTETS or octets > MOST_WIRE_OCTETS:
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


def read_text(message: bytes, at: int) -> str:
    """The name at `at` in lower case. Raises IndexError like `read`."""
    return text(read(message, at)[0]).lower()


def qname(question: bytes) -> str:
    """The name of a well-formed question (RFC 9499 4: QNAME), in lower case."""
    labels, at = [], 0
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length])
        at += length + 1
    name = b".".join(labels)
    if _PLAIN.fullmatch(name) and name.count(b".") == len(labels) - 1:
        return name.decode().lower()
    return text(labels).lower()


def labels_to_wire(labels: Sequence[bytes]) -> bytes:
    return b"".join(len(label).to_bytes(1, "big") + label for label in labels) + b"\0"


def to_wire(name: str) -> bytes:
    """A name of letters, digits, hyphens and underscores, as settings have them; uncompressed (RFC 1035 3.1)."""
    return labels_to_wire([label.encode("ascii") for label in name.split(".")]) if name else b"\0"


def to_ascii(name: str) -> str:
    """Text of any script as A-labels: mapped by UTS 46, nontransitional, then by IDNA 2008 (RFC 5891 4), as browsers
    look it up. Labels in ASCII are only put in lower case.

    Raises UnicodeError for what can be no name.
    """
    if name.isascii():
        return name.lower()
    import idna  # seldom needed, and its tables are some megabytes in every process

    mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
    return ".".join(label if label.isascii() else idna.alabel(label).decode() for label in mapped.split("."))


def suffixes(name: str) -> list[str]:
    """The name itself and every name above it but the root, the longest first."""
    found = [name]
    while name := name.partition(".")[2]:
        found.append(name)
    return found


def is_at_or_below(name: str, zone: str) -> bool:
    """Both in lower case."""
    return name == zone or name.endswith(f".{zone}")


def has_star(rule: str) -> bool:
    """Whether `rule` stands for more than its own name: a star is the beginning of its first label, or all of it."""
    return rule.startswith("*")


def matches_star(rule: str, name: str) -> bool:
    """Whether `name`, which has the same names above it as `rule`, ends like it behind the star."""
    return name.endswith(rule[1:])


def certificate_names(hostname: str) -> tuple[str, ...]:
    """The dNSNames that are for `hostname`: itself, and the wildcard that stands for its first label (RFC 9525 6.3).

    Clients accept none directly below one label, or `*.com` would be a name.
    """
    parent = hostname.partition(".")[2]
    return (hostname, f"*.{parent}") if "." in parent else (hostname,)
