"""The setup page's process."""

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Collection
from functools import partial
from time import monotonic, time

from app.config.hosts import at_home
from app.config.settings import Settings
from app.doctor.background import Checkup, examine_apart
from app.doctor.healthcheck import check
from app.dot.admission import allowing
from app.dot.rate_limited_log import RateLimitedLog
from app.errors import OperatorError
from app.files import stamp
from app.host.interfaces import shared_by_clients
from app.networks import HEALTH_CHECK
from app.onboarding import vitals
from app.onboarding.budget import Budget
from app.onboarding.coalesced import Coalesced
from app.onboarding.enrolment import Enrolment
from app.onboarding.guard import NamesOf
from app.onboarding.porter import Porter
from app.onboarding.serving import serve
from app.onboarding.sign_in import SignIn
from app.onboarding.web import application
from app.ports import bound_sockets
from app.revision import told

from . import control_client, exposure, metrics_page, paths, status
from .blocking_page import BlockingClient
from .condition_client import ConditionClient
from .findings_log import HealthLog
from .output import end_well_when_asked, log_to_supervisor
from .own_addresses import OwnAddresses
from .sign_in_files import SignInDoors

log = logging.getLogger("homedot")

_HEALTH_DEADLINE_S = 3.0
_SWITCH_S = 0.0001
"""How long what is drawn aside may keep the event loop waiting, each time that it does; Python's own is 5 ms."""
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

    async def devices() -> int | None:
        try:
            return (await control_client.state(settings))["clients"]
        except OperatorError as error:
            log.debug("%s", error)
            return None

    witness = ConditionClient(settings)
    end_well_when_asked()
    checkup = Checkup(partial(examine_apart, _DOCTOR), monotonic)
    read_enrolment, signed = _remembered(settings), partial(paths.read_signed, settings)
    checks, blocking = control_client.SelfTestClient(settings), BlockingClient(settings)
    unshared = shared_by_clients()
    budget = Budget(monotonic, unshared)
    is_healthy, connected = Coalesced(healthy, monotonic), Coalesced(devices, monotonic)
    app = application(
        read_enrolment,
        healthy=is_healthy,
        metrics=partial(metrics_page.text, settings, witness.condition),
        doctor=checkup.latest,
        signed=signed,
        devices=connected,
        condition=Coalesced(witness.health, monotonic),
        status=Coalesced(partial(asyncio.to_thread, status.document, settings), monotonic),
        self_test=checks,
        blocker=blocking,
        names=_names(settings),
        about=f"{told()}. {exposure.written_down(settings)}",
        budget=budget,
        warnings=exposure.notices(settings),
        sign_in=SignIn(SignInDoors(settings), time) if settings.blocking.enabled else None,
    )
    sys.setswitchinterval(_SWITCH_S)
    warn, is_of_house = RateLimitedLog(log.warning, monotonic), allowing(settings.dot.allow_from)

    def is_allowed(address: str) -> bool:
        if is_of_house(address):
            return True
        warn(f"{address} refused: it is not in dot.allow_from")
        return False

    own = OwnAddresses(settings)
    listening = bound_sockets(settings.web.port, "web.port", instead=own)
    own.tell("web.port", settings.web.port, listening)

    def is_over() -> bool:
        return own.lacks(read_enrolment().addresses)

    porter = Porter(vitals.vital(is_healthy, connected), budget)
    serve(app, listening, is_allowed, unshared, is_over=is_over, porter=porter)


def _remembered(settings: Settings) -> Callable[[], Enrolment]:
    """Reads the enrolment when it has changed: every request asks."""
    seen: object = None
    enrolment: Enrolment | None = None

    def read() -> Enrolment:
        nonlocal seen, enrolment
        now = stamp(paths.enrolment(settings))
        if enrolment is None or now != seen:
            enrolment = None
            enrolment, seen = paths.read_enrolment(settings), now
        return enrolment

    return read


def _names(settings: Settings) -> NamesOf:
    """What leads to this box: by the operator's word, as this machine's name, or to one of its addresses by `local`."""
    always = {*settings.web.names, socket.gethostname().lower()}
    leads = {host.name: set(at_home(host.name, settings.local)[1]) for host in settings.local}

    def names(enrolment: Enrolment) -> Collection[str]:
        return always | {name for name, addresses in leads.items() if not addresses.isdisjoint(enrolment.addresses)}

    return names
