"""Names as the tries hold them: reversed, so that a name and everything below it share a beginning.

    ads.example.com, as a rule that covers everything below it   b"com.example.ads."
    ads.example.com, as a rule for exactly this name             b"com.example.ads. "
    ads.example.com, as the name that is looked up               b"com.example.ads. "

A rule applies to a name when it is a prefix of the name's key. No name has a space in it (in text it is written \\032,
RFC 1035 5.1), so the one at the end matches nothing but the end. Pure.
"""

import re

from app import dnsname

MOST_OCTETS = dnsname.MOST_TEXT_OCTETS

LABEL = rb"[a-z0-9_-]{1,63}"
LAST_LABEL = rb"(?![0-9]+\Z)" + LABEL
"""Not a number, or it would be an IPv4 address."""

_EXACT = b" "
_NAME = re.compile(rb"(?:" + LABEL + rb"\.)*" + LAST_LABEL)


def key_of(name: str) -> bytes:
    """The key to look up: `name` in lower case, without the last dot."""
    return b".".join(name.encode().split(b".")[::-1]) + b"." + _EXACT


def name_of(rule: bytes) -> str:
    """The name that a rule was made from."""
    return b".".join(reversed(rule.rstrip(b". ").split(b"."))).decode()


def rule_of(name: bytes, *, covers_below: bool) -> bytes:
    """The rule for a name that `is_name` accepts."""
    rule = b".".join(name.split(b".")[::-1]) + b"."
    return rule if covers_below else rule + _EXACT


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
