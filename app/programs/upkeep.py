"""What happens every minute: the certificate is renewed when due, a new address of this box is followed, and so are a
network that came late and a clock that was set; and a copy of the root's keys is kept as unbound knows them.

This process stays for months: what costs memory is imported in a child.
"""

import sys
from functools import partial
from importlib import import_module

from app.config.settings import Settings
from app.files import stamp
from app.host.event_listener import in_child, listen
from app.host.grace_period import Lingering
from app.host.wall_clock import WallClock

from . import paths
from .clock_reset import UnboundForgets, restart
from .output import end_well_on_sigterm, log_to_supervisor
from .renewal import Renewal, look, situation
from .resolver_mode import Settling, is_settled

# A slow disk and a busy Raspberry Pi take seconds; the next minute tries again.
_LOOK_DEADLINE_S = 45
_ASK_DEADLINE_S = 20
_FOLLOW_DEADLINE_S = 30


def run(settings: Settings) -> None:
    """Do it until SIGTERM."""

    def of_resolver(name: str, *arguments: object) -> object:
        return getattr(import_module(f"{__package__}.resolver"), name)(settings, *arguments)  # in a child

    log_to_supervisor(settings.log)
    forgets = UnboundForgets(WallClock(), partial(in_child, partial(restart, settings), _FOLLOW_DEADLINE_S))
    lingering = Lingering()
    renewal = Renewal(
        partial(situation, settings, lingering),
        partial(in_child, partial(look, settings, lingering), _LOOK_DEADLINE_S),
    )
    followed = paths.followed_anchor(settings)
    keeping = Renewal(lambda: stamp(followed), partial(in_child, partial(of_resolver, "keep_anchor"), _LOOK_DEADLINE_S))
    settling = Settling(
        partial(is_settled, settings),
        partial(in_child, partial(of_resolver, "ask"), _ASK_DEADLINE_S),
        lambda asked: in_child(partial(of_resolver, "follow", asked), _FOLLOW_DEADLINE_S),
    )

    def minute() -> None:
        forgets.tick()
        renewal.tick()
        settling.tick()
        if settings.resolver.trust_anchor is None:
            keeping.tick()

    end_well_on_sigterm()
    listen(sys.stdin.buffer, sys.stdout.buffer, minute)
