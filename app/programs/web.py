"""The setup page's process."""

import asyncio
import logging
import socket
import sys
from collections.abc import Collection, Iterator
from functools import partial
from time import monotonic, time

from app.config.hosts import at_home
from app.config.settings import Settings
from app.doctor.background import Checkup, examine_apart
from app.doctor.healthcheck import check
from app.dot.admission import allowing
from app.dot.rate_limited_log import RateLimitedLog
from app.errors import OperatorError
from app.host.interfaces import shared_by_clients
from app.lists.paths import title_of
from app.networks import HEALTH_CHECK
from app.onboarding.budget import Budget
from app.onboarding.coalesced import Coalesced
from app.onboarding.enrolment import Enrolment
from app.onboarding.guard import NamesOf
from app.onboarding.serving import serve
from app.onboarding.web import application
from app.revision import told

from . import control_client, exposure, paths
from .blocking_page import BlockingClient, without_query
from .findings_log import HealthLog
from .list_status import states
from .metrics import ListNumbers, render, render_lists
from .output import end_well_on_sigterm, log_to_supervisor

log = logging.getLogger("homedot")

_HEALTH_DEADLINE_S = 3.0
_SWITCH_S = 0.0005
"""How long what is drawn aside may keep the event loop waiting, time after time; Python's own is ten times as long."""
_DOCTOR = (sys.executable, "-P", "-m", "app", "doctor", "--json")


def run(settings: Settings) -> None:
    """Serve the setup page until SIGTERM."""
    log_to_supervisor(settings.log)
    health = HealthLog()

    async def healthy() -> bool:
        try:
            await asyncio.to_thread(check, settings.dot.port, settings.hostname, _HEALTH_DEADLINE_S, HEALTH_CHECK)
        except OperatorError as error:
            health.ill(str(error))
            return False
        health.well()
        return True

    async def metrics() -> str:
        enrolment = paths.read_enrolment(settings)
        ends = {"": enrolment.not_after, "public_": enrolment.public and enrolment.public.not_after}
        gauges = await control_client.state(settings)
        for side, end in ends.items():
            gauges |= {f"{side}certificate_not_after_timestamp_seconds": int(end.timestamp())} if end else {}
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
    checks, blocking = control_client.SelfTestClient(settings), BlockingClient(settings)
    unshared = shared_by_clients()
    app = application(
        read_enrolment,
        healthy=Coalesced(healthy, monotonic),
        metrics=metrics,
        doctor=checkup.latest,
        signed=signed,
        devices=Coalesced(devices, monotonic),
        self_test=checks,
        blocker=blocking,
        names=_names(settings),
        about=told(),
        budget=Budget(monotonic, unshared),
        warnings=exposure.warnings(settings),
    )
    sys.setswitchinterval(_SWITCH_S)
    warn, is_of_house = RateLimitedLog(log.warning, monotonic), allowing(settings.dot.allow_from)

    def is_allowed(address: str) -> bool:
        if is_of_house(address):
            return True
        warn(f"{address} refused: it is not in dot.allow_from")
        return False

    serve(app, settings.web.port, is_allowed, unshared)


def _names(settings: Settings) -> NamesOf:
    """What leads to this box: by the operator's word, as this machine's name, or to one of its addresses by `local`."""
    always = {*settings.web.names, socket.gethostname().lower()}
    leads = {host.name: set(at_home(host.name, settings.local)[1]) for host in settings.local}

    def names(enrolment: Enrolment) -> Collection[str]:
        return always | {name for name, addresses in leads.items() if not addresses.isdisjoint(enrolment.addresses)}

    return names


def _known_lists(settings: Settings) -> Iterator[ListNumbers]:
    known = states(settings) if settings.blocking.enabled else {}
    for number, (source, its) in enumerate(known.items(), 1):
        age_s = time() - its.updated_s if its.is_there else None
        title = its.title or title_of(source)
        yield ListNumbers(number, title, without_query(source), its.names, age_s, its.succeeded_s, its.failures)
