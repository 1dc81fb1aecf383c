"""`homedot ca new`: the only way to another authority.

It works beside a running Homedot: it changes the volume, and upkeep serves what is there within a minute.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from app.config.load import Loaded
from app.config.settings import Settings
from app.errors import OperatorError
from app.host import addresses
from app.trust import clock
from app.trust.constraints import Names
from app.trust.store import Identity, new_authority

Make = Callable[[Path, Names, datetime], tuple[Identity, str]]

_CA = """\
homedot: `ca new` makes another certificate authority.
  Every device must install the new profile, and trust the new root, before it resolves again.
  The current authority moves aside on the volume. Nothing has changed yet. To continue: homedot ca new --yes"""
SOON = "A running Homedot serves it within a minute, a stopped one when it starts."


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=["new"])
    parser.add_argument("--yes", action="store_true", help="do it; without this, say what it means")


def run(loaded: Loaded, arguments: Namespace) -> int:
    return ca_new(loaded.settings, yes=arguments.yes)


def ca_new(settings: Settings, *, yes: bool) -> int:
    """Make another authority, or say what that means: 2. Raises OperatorError."""
    if not yes:
        return explain(_CA)
    identity, aside = make_anew(settings, new_authority)
    print(f"homedot: made a new authority. {SOON}")
    print(f"  Root SHA-256  {identity.root_sha256}")
    print("  On every device: scan the code of `homedot setup-phone` again, and remove the old profile.")
    tell_aside(settings, aside)
    return 0


def explain(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


def make_anew(settings: Settings, make: Make) -> tuple[Identity, str]:
    if settings.tls.certificate:
        raise OperatorError(
            "tls.certificate: is what Homedot serves, so it has no authority of its own: unset it first"
        )
    now = clock.now()
    if now is None:
        raise OperatorError(clock.NEEDED)
    return make(settings.data_dir, Names(settings.hostname, addresses.effective(settings.addresses)), now)


def tell_aside(settings: Settings, aside: str) -> None:
    folder = settings.data_dir / aside
    if folder.exists():
        print(f"  The old one is in {folder}; delete it when all devices have moved.")
