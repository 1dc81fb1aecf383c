"""Who may serve the public name, and where each is asked. Pure."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from . import values

PROVIDERS = ("duckdns", "desec", "cloudflare", "acme-dns", "rfc2136", "hook")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,256}")
LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"

TOKENS = {
    "acme-dns": (re.compile(r"[^:]+:[^:]+:[^:]+"), "USER:PASSWORD:SUBDOMAIN, as its `register` told them"),
    "rfc2136": (re.compile(r"[\w.-]+:[A-Za-z0-9+/]+={0,2}"), "NAME:SECRET, the name of a TSIG key and its base64"),
}
"""What a token must look like, and that in words."""


def word(raw: object) -> str:
    """Letters, digits, hyphens and underscores."""
    text = str(raw).strip()
    if not _WORD.fullmatch(text):
        raise ValueError("must be one word of letters, digits, hyphens and underscores")
    return text


def https_address(raw: object) -> str:
    """`https://HOST[:PORT]/PATH`, without a slash at its end. A user, password or question has no place in it."""
    text = str(raw).strip()
    try:
        parts = urlsplit(text)
        is_good = parts.scheme == "https" and parts.hostname and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or not text.isascii() or not text.isprintable() or set(text) & set("@?# "):
        raise ValueError("must be an address like https://ca.example.com/directory")
    return text.removesuffix("/")


def server(raw: object) -> str:
    """`https://HOST[:PORT]/PATH`, or `ADDRESS` and `ADDRESS@PORT`."""
    text = str(raw).strip()
    if "://" in text:
        return https_address(text)
    address, at, port = text.partition("@")
    try:
        return f"{ip_address(address)}@{values.port(port) if at else 53}"
    except ValueError:
        raise ValueError("must be https://HOST, or an address like 192.0.2.1 or 192.0.2.1@5353") from None
