"""Who is signed in: a cookie that says so and is signed by this box. Pure but for the random numbers.

The key is made of the token, so a cookie is good at the box that gave it and nowhere else, outlives a restart, and ends
when there is another token. Whoever has a session is the owner; there is nothing else in it.
"""

import hashlib
import hmac
import re
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple

from . import token as tokens

COOKIE = "homedot_session"
LASTS_S = 180 * 86400
_MOST_COOKIE_OCTETS = 4096
_VALUE = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{22})\.([0-9a-f]{64})")
_SLACK_S = 86400
"""A clock may be wrong by as much when a cookie is given."""
_ENTRY_S = 3600


class SignedIn(NamedTuple):
    """`ident` is another one each time somebody signs in."""

    ident: str
    ends_s: int


def begin(token: str, now_s: float) -> str:
    """The value of the cookie of a new session."""
    ends_s, ident = int(now_s) + LASTS_S, secrets.token_urlsafe(16)
    return f"{ends_s}.{ident}.{_signed(token, 'session', str(ends_s), ident)}"


def read(value: str, token: str, now_s: float) -> SignedIn | None:
    """The session of that cookie; None if this box has not given it, or its time is over."""
    found = _VALUE.fullmatch(value) if value.isascii() else None
    if found is None or not hmac.compare_digest(found[3], _signed(token, "session", found[1], found[2])):
        return None
    ends_s = int(found[1])
    return SignedIn(found[2], ends_s) if now_s < ends_s <= now_s + LASTS_S + _SLACK_S else None


def value_in(cookies: str) -> str:
    """Ours among the cookies of a request; empty if there is none. Others of this host may have set some too."""
    if len(cookies) > _MOST_COOKIE_OCTETS:
        return ""
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def cookie(value: str, *, is_secure: bool) -> str:
    """The header Set-Cookie (RFC 6265 4.1): no script reads it, no page from elsewhere has it sent, no name but the one
    that was asked gets it."""
    lasts_s = LASTS_S if value else 0
    header = f"{COOKIE}={value}; Max-Age={lasts_s}; Path=/; HttpOnly; SameSite=Strict"
    return header + "; Secure" * is_secure


def form_key(session: SignedIn, token: str) -> str:
    """What each form of a session carries. A page from elsewhere cannot read it, also if it is on another port of the
    same machine, where SameSite holds nobody back."""
    return _signed(token, "form", session.ident)


def entry_key(token: str, now_s: float) -> str:
    """What the forms for signing in carry; good for an hour at least."""
    return _signed(token, "entry", str(int(now_s) // _ENTRY_S))


def is_entry_key(typed: str, token: str, now_s: float) -> bool:
    return any(is_same(typed, entry_key(token, at_s)) for at_s in (now_s, now_s - _ENTRY_S))


def is_same(typed: str, key: str) -> bool:
    """As long as it takes, whatever is typed."""
    return hmac.compare_digest(typed.encode(errors="replace"), key.encode())


def _signed(token: str, *parts: str) -> str:
    # No part has a space in it, so two different rows of parts are two texts.
    return hmac.new(tokens.key_of(token), " ".join(parts).encode(), hashlib.sha256).hexdigest()
