"""How to resolve, chosen again: after a power cut the box is up minutes before the router has a line.

A start that reached nobody leaves its choice unsettled, and upkeep makes it again every minute until somebody is
reached. A settled choice stays until the next start.
"""

from collections.abc import Callable

from app.config.settings import Settings
from app.host.event_listener import in_child

from . import paths

_DEADLINE_S = 20


def is_settled(settings: Settings) -> bool:
    """Cheap, for every minute."""
    return not paths.unsettled(settings).exists()


def chosen_again(settings: Settings, in_child: Callable[[str, Callable[[], object], int], object] = in_child) -> object:
    """What `resolver.ask` says, in a child of its own; None once the choice is settled, and if nobody could ask."""
    return None if is_settled(settings) else in_child("resolver mode", lambda: _ask(settings), _DEADLINE_S)


def _ask(settings: Settings) -> object:
    from .resolver import ask  # in a child: it needs asyncio and more

    return ask(settings)
