"""A self-signed key and certificate in one PEM file, as the front door serves it."""

from pathlib import Path

from .pki import Authority

NAME = "dns.home.arpa"


def write_pair(path: Path) -> Path:
    """Write a new pair for NAME to `path`."""
    return Authority().intermediate.sign(NAME, names=[NAME]).write_chain(path)
