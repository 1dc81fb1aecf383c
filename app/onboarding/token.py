"""The token with which blocking is paused from the setup page. Pure but for the random numbers.

80 bits: nobody guesses it, however often the page is asked, so wrong ones need no counting. No browser sends it by
itself, so a page from elsewhere cannot use it either.
"""

import re
import secrets
from base64 import b32encode
from hmac import compare_digest

_RANDOM_OCTETS = 10
_SHAPE = re.compile(r"[a-z2-7]{16}")
_MISREAD = str.maketrans("018", "olb")
"""Base32 (RFC 4648 6) has no 0, 1 and 8, so who types one means the letter that looks like it."""


def new() -> str:
    """16 letters and digits in groups of four, like `k7wm-3xqa-p5tn-2d6e`."""
    letters = b32encode(secrets.token_bytes(_RANDOM_OCTETS)).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def is_token(text: str) -> bool:
    return _SHAPE.fullmatch(_plain(text)) is not None


def is_same(typed: str, token: str) -> bool:
    """Whether a person who typed `typed` means `token`: dashes, spaces and case do not matter."""
    return is_token(token) and compare_digest(_plain(typed).encode(), _plain(token).encode())


def key_of(token: str) -> bytes:
    """The same however it is written, for what is signed with it."""
    return _plain(token).encode()


def _plain(text: str) -> str:
    return re.sub(r"[\s-]", "", text).lower().translate(_MISREAD)
