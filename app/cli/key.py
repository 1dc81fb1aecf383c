"""`homedot key new`: the only way to another key under the same authority. Like `ca new` it changes the volume only."""

from argparse import Namespace

from app.config.load import Loaded
from app.config.settings import Settings
from app.trust.store import new_key

from .ca import SOON, arguments, explain, make_anew, tell_aside

__all__ = ["arguments", "run"]

_KEY = """\
homedot: `key new` makes another private key for the certificate, under the same authority.
  Devices with the profile notice nothing. Those that pin the key need the new pin before they resolve again.
  The current key moves aside on the volume. Nothing has changed yet. To continue: homedot key new --yes"""


def run(loaded: Loaded, arguments: Namespace) -> int:
    return key_new(loaded.settings, yes=arguments.yes)


def key_new(settings: Settings, *, yes: bool) -> int:
    """Make another key for the leaf, or say what that means: 2. Raises OperatorError."""
    if not yes:
        return explain(_KEY)
    identity, aside = make_anew(settings, new_key)
    print(f"homedot: made a new key. {SOON}")
    print(f"  SPKI pin      {identity.spki_pin}")
    tell_aside(settings, aside)
    return 0
