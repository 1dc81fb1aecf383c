"""The setup page's process."""

import asyncio
import logging
import sys
from collections.abc import Iterator
from functools import partial
from time import monotonic, time

from app.config.settings import Settings
from app.doctor.background import Checkup, examine_apart
from app.doctor.healthcheck import check
from app.errors import OperatorError
from app.host.addresses import bridge_gateway
from app.onboarding.serving import serve
from app.onboarding.web import application
from app.revision import told

from . import control_client, paths
from .blocking_page import Blocking, without_query
from .findings_log import Condition
from .list_status import states
from .metrics import render, render_lists
from .output import end_well_on_sigterm, log_to_supervisor

log = logging.getLogger("homedot")

_HEALTH_DEADLINE_S = 3.0
_DOCTOR = (sys.executable, "-P", "-m", "app", "doctor", "--json")


def run(settings: Settings) -> None:
    """Serve the setup page until SIGTERM."""
    log_to_supervisor(settings.log)
    condition = Condition()

    async def healthy() -> bool:
        try:
            await asyncio.to_thread(check, settings.dot.port, settings.hostname, _HEALTH_DEADLINE_S)
        except OperatorError as error:
            condition.ill(str(error))
            return False
        condition.well()
        return True

    async def metrics() -> str:
        end = paths.read_enrolment(settings).not_after
        state = await control_client.state(settings)
        gauges = {**state, "certificate_not_after_timestamp_seconds": int(end.timestamp())}
        return render(gauges) + render_lists(_known_lists(settings))

    async def devices() -> int | None:
        try:
            return (await control_client.state(settings))["clients"]
        except OperatorError as error:
            log.debug("%s", error)
            return None

    end_well_on_sigterm()
    checkup = Checkup(partial(examine_apart, _DOCTOR), monotonic)
    read_enrolment, signed = partial(paths.read_enrolment, settings), partial(paths.read_signed, settings)
    checks, blocking = control_client.Checks(settings), Blocking(settings)
    app = application(
        read_enrolment,
        healthy=healthy,
        metrics=metrics,
        doctor=checkup.latest,
        signed=signed,
        devices=devices,
        self_test=checks,
        blocker=blocking,
        about=told(),
    )
    gateway = bridge_gateway()
    serve(app, settings.web.port, [gateway] if gateway else [])


def _known_lists(settings: Settings) -> Iterator[tuple[int, str, str, int, float]]:
    known = states(settings) if settings.blocking.enabled else {}
    for number, source in enumerate(settings.blocking.lists, 1):
        state = known.get(source)
        if state is not None and state.updated_s:
            yield number, state.title, without_query(source), state.names, time() - state.updated_s
