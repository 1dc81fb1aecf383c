"""`homedot ca new` and `homedot key new`: the only ways to another authority and to another key.

Both work beside a running Homedot: they change the volume, and upkeep serves what is there within a minute.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from app.config.settings import Settings
from app.config.values import IPAddress
from app.errors import OperatorError
from app.host import addresses
from app.trust import clock
from app.trust.store import Identity, new_authority, new_key

Make = Callable[[Path, str, Sequence[IPAddress], datetime], tuple[Identity, str]]

_CA = """\
homedot: `ca new` makes another certificate authority.
  Every device must install the new profile, and trust the new root, before it resolves again.
  The authority of now moves aside on the volume. Nothing is changed yet. To go on: homedot ca new --yes"""
_KEY = """\
homedot: `key new` makes another private key for the certificate, under the same authority.
  Devices with the profile notice nothing. Those that pin the key need the new pin before they resolve again.
  The key of now moves aside on the volume. Nothing is changed yet. To go on: homedot key new --yes"""
_SOON = "A running Homedot serves it within a minute; one that does not run, when it is started."


def ca_new(settings: Settings, yes: bool) -> int:
    """Make another authority, or say what that means: 2. Raises OperatorError."""
    if not yes:
        return _explain(_CA)
    identity, aside = _make(settings, new_authority)
    print(f"homedot: made a new authority. {_SOON}")
    print(f"  Root SHA-256  {identity.root_sha256}")
    print("  On every device: scan the code of `homedot setup-phone` again, and remove the old profile.")
    return _tell_aside(settings, aside)


def key_new(settings: Settings, yes: bool) -> int:
    """Make another key for the leaf, or say what that means: 2. Raises OperatorError."""
    if not yes:
        return _explain(_KEY)
    identity, aside = _make(settings, new_key)
    print(f"homedot: made a new key. {_SOON}")
    print(f"  SPKI pin      {identity.spki_pin}")
    return _tell_aside(settings, aside)


def _explain(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


def _make(settings: Settings, make: Make) -> tuple[Identity, str]:
    if settings.tls.certificate:
        raise OperatorError(
            "tls.certificate: is what Homedot serves, so it has no authority of its own: unset it first"
        )
    now = clock.now()
    if now is None:
        raise OperatorError(clock.NEEDED)
    return make(settings.data_dir, settings.hostname, addresses.effective(settings.addresses), now)


def _tell_aside(settings: Settings, aside: str) -> int:
    folder = settings.data_dir / aside
    if folder.exists():
        print(f"  The old one is in {folder}; delete it when all devices have moved.")
    return 0
