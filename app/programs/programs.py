"""The long-running programs, as supervisord starts them. Each imports what it runs, and nothing of the others."""

import logging
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import monotonic, time

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import stamp

from . import paths
from .output import log_to_stderr, settle

log = logging.getLogger("homedot")

# A slow disk and a busy Raspberry Pi take seconds; the next minute tries again.
LOOK_DEADLINE_S = 45
ASK_DEADLINE_S = 20
FOLLOW_DEADLINE_S = 30


def supervise(settings: Settings, configuration: str) -> int:
    """Run supervisord with everything below it. Returns the exit code."""
    from app.host.supervision import run

    variables = {
        "RUN_DIR": str(settings.run_dir),
        "WEB_ENABLED": str(settings.web.enabled).lower(),
        "BLOCKING_ENABLED": str(settings.blocking.enabled).lower(),
    }
    code = run(Path(configuration), variables)
    settle()
    return code


def dot(settings: Settings) -> None:
    """Serve DNS over TLS until SIGTERM; SIGHUP looks at the certificate at once."""
    from .front import serve

    log_to_stderr("dot")
    serve(settings)


def web(settings: Settings) -> None:
    """Serve the setup page until SIGTERM."""
    import asyncio

    from app.doctor.background import Checkup, examine_apart
    from app.doctor.healthcheck import check
    from app.host.addresses import bridge_gateway
    from app.onboarding.serving import serve
    from app.onboarding.web import application
    from app.programs.metrics import render, render_lists
    from app.revision import told

    from . import control_client
    from .blocking_page import Blocking, without_query
    from .findings_log import Condition
    from .lists import states

    log_to_stderr("web")

    condition = Condition()

    async def healthy() -> bool:
        try:
            await asyncio.to_thread(check, settings.dot.port, settings.hostname, 3.0)
        except OperatorError as error:
            condition.ill(str(error))
            return False
        condition.well()
        return True

    def known_lists() -> Iterator[tuple[int, str, str, int, float]]:
        known = states(settings) if settings.blocking.enabled else {}
        for number, source in enumerate(settings.blocking.lists, 1):
            state = known.get(source)
            if state is not None and state.updated_s:
                yield number, state.title, without_query(source), state.names, time() - state.updated_s

    async def metrics() -> str:
        end = paths.read_enrolment(settings).not_after
        state = await control_client.state(settings)
        return render({**state, "certificate_not_after_timestamp_seconds": int(end.timestamp())}) + render_lists(
            known_lists()
        )

    async def devices() -> int | None:
        try:
            return (await control_client.state(settings))["clients"]
        except OperatorError as error:
            log.debug("%s", error)
            return None

    _end_well_on_sigterm()
    checkup = Checkup(partial(examine_apart, [sys.executable, "-P", "-m", "app", "doctor", "--json"]), monotonic)
    read_enrolment, signed = partial(paths.read_enrolment, settings), partial(paths.read_signed, settings)
    checks, blocking = control_client.Checks(settings), Blocking(settings)
    app = application(read_enrolment, healthy, metrics, checkup.latest, signed, devices, checks, blocking, told())
    gateway = bridge_gateway()
    serve(app, settings.web.port, [gateway] if gateway else [])


def upkeep(settings: Settings) -> None:
    """Every minute: renew the certificate when due, follow a new address of this box, a network that came late, and a
    clock that was set, and keep a copy of the root's keys as unbound knows them."""
    from app.host.event_listener import in_child, listen
    from app.host.grace_period import Lingering
    from app.host.wall_clock import WallClock

    from .clock_reset import UnboundForgets, restart
    from .renewal import Renewal, look, situation
    from .resolver_mode import Settling, ask, follow, is_settled

    def keep_anchor() -> object:
        from . import resolver  # in the child, because its imports are many

        return resolver.keep_anchor(settings)

    log_to_stderr("upkeep")
    forgets = UnboundForgets(WallClock(), partial(in_child, partial(restart, settings), FOLLOW_DEADLINE_S))
    lingering = Lingering()
    renewal = Renewal(
        partial(situation, settings, lingering),
        partial(in_child, partial(look, settings, lingering), LOOK_DEADLINE_S),
    )
    followed = paths.followed_anchor(settings)
    keeping = Renewal(lambda: stamp(followed), partial(in_child, keep_anchor, LOOK_DEADLINE_S))
    settling = Settling(
        partial(is_settled, settings),
        partial(in_child, partial(ask, settings), ASK_DEADLINE_S),
        lambda asked: in_child(partial(follow, settings, asked), FOLLOW_DEADLINE_S),
    )

    def minute() -> None:
        forgets.tick()
        renewal.tick()
        settling.tick()
        if settings.resolver.trust_anchor is None:
            keeping.tick()

    _end_well_on_sigterm()
    listen(sys.stdin.buffer, sys.stdout.buffer, minute)


def _end_well_on_sigterm() -> None:
    """With exit code 0: a program that ended because of the signal itself is told of as one that broke."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
