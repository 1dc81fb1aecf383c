"""Names as compiled lists hold them: a number of 56 bits for each, and what is said about it. Pure.

A name's number is its octets, read as one integer and multiplied, modulo a prime. Two names have the same one by
accident only: of the names that are not on a list, it blocks one in ten thousand millions. Who makes a list could do
that on purpose, and may as well write the name.
"""

import re

from app import dnsname

MOST_OCTETS = dnsname.MOST_TEXT_OCTETS

LABEL = rb"[a-z0-9_-]{1,63}"
LAST_LABEL = rb"(?![0-9]+\Z)" + LABEL
"""Not a number, or it would be an IPv4 address."""

BLOCKS_ONLY_BELOW, BLOCKS, LIFTS_ONLY_BELOW, LIFTS = 1, 2, 4, 8
"""What a rule does: to all that is below its name, or to exactly its name."""
BLOCKS_BELOW, LIFTS_BELOW = BLOCKS_ONLY_BELOW | BLOCKS, LIFTS_ONLY_BELOW | LIFTS
"""To its name and everything below it."""
IMPORTANT_BITS = 4
"""A rule that is `$important` does the same, so many bits further up: `BLOCKS << IMPORTANT_BITS`."""
OF_BELOW = (BLOCKS_ONLY_BELOW | LIFTS_ONLY_BELOW) * 0b1_0001
OF_ITSELF = (BLOCKS | LIFTS) * 0b1_0001
ANY_BLOCKS, ANY_LIFTS = BLOCKS_BELOW * 0b1_0001, LIFTS_BELOW * 0b1_0001

NOTHING, BLOCK, LIFT, IMPORTANT_BLOCK, IMPORTANT_LIFT = range(5)
"""What is said about a name, the weightier the higher: it decides over all that is lower, of all lists."""

BUCKET_BITS, NEEDLE_OCTETS = 16, 5
_FACTOR, _PRIME = 44526117213113917, 60491825729133053
"""Below 2**56, and with no pattern in their bits that names could have as well. The factor is for short names."""
_BUCKET = (1 << BUCKET_BITS) - 1
_NEEDLE_BITS = 8 * NEEDLE_OCTETS
_NEEDLE = (1 << _NEEDLE_BITS) - 1
_NAME = re.compile(rb"(?:" + LABEL + rb"\.)*" + LAST_LABEL)

PLAIN = 0
"""What a rule says that is a plain name, as long as it is open what those of its list are for (reach.py)."""

NUMBER_BITS = BUCKET_BITS + _NEEDLE_BITS

Key = list[tuple[str, int, bytes]]
"""Of a name and of those above it that have two labels, the longest first: its text, its bucket and its needle."""


def key_of(name: str) -> Key:
    """What to look `name` up by, in lower case, without the last dot; it may be an IP address."""
    key = []
    while above := name.partition(".")[2]:
        number = int.from_bytes(name.encode(), "big") * _FACTOR % _PRIME
        key.append((name, number & _BUCKET, (number >> BUCKET_BITS).to_bytes(NEEDLE_OCTETS, "big")))
        name = above
    return key or (key_of_address(name) if ":" in name else [])


def key_of_address(address: str) -> Key:
    """The same for an address as text, which is on a list by itself only."""
    number = number_of(address.encode())
    return [(address, number >> _NEEDLE_BITS, (number & _NEEDLE).to_bytes(NEEDLE_OCTETS, "big"))]


def weight(kinds: int) -> int:
    """The weightiest that `kinds`, those that are for the name, say: NOTHING, BLOCK, ..."""
    if kinds >> IMPORTANT_BITS:
        return IMPORTANT_LIFT if kinds >> IMPORTANT_BITS & LIFTS_BELOW else IMPORTANT_BLOCK
    return (LIFT if kinds & LIFTS_BELOW else BLOCK) if kinds else NOTHING


def key_with_top(name: str) -> Key:
    """The same, and its top-level domain."""
    top = name.rpartition(".")[2]
    number = int.from_bytes(top.encode(), "big") * _FACTOR % _PRIME
    last = (top, number & _BUCKET, (number >> BUCKET_BITS).to_bytes(NEEDLE_OCTETS, "big"))
    return [*key_of(name), last] if top else []


def number_of(name: bytes) -> int:
    """The name's bucket and behind it, as the last 40 bits, its needle."""
    number = int.from_bytes(name, "big") * _FACTOR % _PRIME
    return (number & _BUCKET) << _NEEDLE_BITS | number >> BUCKET_BITS


def is_name(name: bytes) -> bool:
    """Letters in lower case, digits, hyphens and underscores; no empty label, none too long; not an IPv4 address."""
    return len(name) <= MOST_OCTETS and _NAME.fullmatch(name) is not None


def to_ascii(name: str) -> bytes | None:
    """An internationalised name as its A-labels, in lower case; None if it cannot be one."""
    if len(name) > MOST_OCTETS:
        return None
    try:
        return dnsname.to_ascii(name).encode()
    except UnicodeError:
        return None
