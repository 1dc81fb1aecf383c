"""When upkeep is to find out why names do not resolve."""

from dataclasses import dataclass
from time import monotonic

from app.config.settings import Settings
from app.files import stamp

from . import paths

_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class LookWanted:
    """Why somebody is to look: the wish of the front door, or that it is time to see what unbound knows."""

    wish: object
    turn: int | None


def wanted(settings: Settings) -> object:
    """Another value when somebody is to look; None if nobody ever is. Cheap, for every few seconds."""
    is_asked = settings.resolver.mode != "forward" or len(settings.resolver.forward) > 1
    turn = int(monotonic() // _EVERY_S) if is_asked else None
    wish = stamp(paths.look_wish(settings))
    return None if wish is None and turn is None else LookWanted(wish, turn)
