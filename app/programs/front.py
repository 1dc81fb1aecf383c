"""The front door's process, or processes: sockets, workers, and what each of them is made of."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import ip_network
from time import monotonic, time

from app.answer.checking import CheckNames
from app.answer.diagnosis import Diagnosis
from app.answer.evidence import Evidence
from app.answer.pipeline import Pipeline
from app.answer.upstream import Upstream
from app.answer.wire import fit_datagram
from app.answer.witness import Witness
from app.config.settings import Settings
from app.dot.admission import allowing
from app.dot.certificate import Certificate
from app.dot.connection_log import ConnectionLog
from app.dot.contract import Peer
from app.dot.counters import Count, Counters
from app.dot.datagrams import Datagrams
from app.dot.nonce_store import NONCE_OCTETS, NonceStore
from app.dot.occupancy import Occupancy
from app.dot.plain import PlainSession
from app.dot.poller import Loop
from app.dot.query_rate import QueryRate
from app.dot.server import Server
from app.dot.tickets import TWO_YEARS_WEEKS, TicketKeys
from app.dot.tls import TlsSession
from app.host.relay import priority
from app.host.wall_clock import WallClock, since_boot_s
from app.networks import HEALTH_CHECK, HOME
from app.onboarding.enrolment import CHECK_LABEL
from app.owner.pauses import Pauses
from app.owner.will import LIST, MOST
from app.unbound.conf import QUERIES_AT_ONCE

from . import condition_watch, control_server, paths
from .answer_counts import AnswerCounts
from .answerers import DOT, TCP, UDP, Answerers
from .bogus import Mark
from .clock_reset import FrontForgets
from .front_limits import limits_of
from .front_sockets import FrontSockets, close
from .front_state import FrontState
from .output import log_to_supervisor
from .owner_applied import Applied
from .owner_door import OwnerDoor
from .owner_in_force import InForce
from .reasons import RunningRuleset
from .rules import RulesetWatcher
from .today import Today
from .workers import Crew, Worker

log = logging.getLogger("homedot")

_LOOK_S, _OFTEN_S = 2.0, 0.5


class _Shared:
    """What all workers see; made before they are forked, so that tickets of one are good for all."""

    def __init__(self, settings: Settings, where: Mapping[str, str], write: Callable[[str], None]) -> None:
        workers = settings.dot.workers
        self.settings = settings
        self.where = where
        self.write = write
        self.certificate = Certificate(paths.pair(settings), paths.public_pair(settings), settings.public.name)
        self.tickets = TicketKeys(since_boot_s, TWO_YEARS_WEEKS if workers > 1 else 0)
        self.counters = Counters(workers)
        self.answer_counts = AnswerCounts(workers, len(settings.blocking.sources) + MOST[LIST])
        self.occupancy = Occupancy(workers)
        self.evidence = Evidence(workers)
        self.nonces = NonceStore(monotonic)
        self.pauses, self.applied = Pauses(time, monotonic), Applied(workers)
        self.limits = limits_of(settings)
        self.state = FrontState(self.occupancy, self.counters, self.pauses)

    def look_again(self, count: memoryview) -> None:
        """At certificate and keys, which a worker that is started anew has from when all began."""
        self.certificate.refresh(count)
        self.tickets.refresh()

    def new_session(self) -> TlsSession:
        """For a connection that just came: with the certificate and the ticket keys of this moment."""
        return TlsSession(self.certificate.contexts.of, self.tickets.context)

    def door(self, rules: RulesetWatcher) -> OwnerDoor:
        crowds, ruleset = self.limits.unshared, lambda: rules.unpaused
        return OwnerDoor(self.settings, self.where, ruleset, self.applied, crowds=crowds)

    def lost(self, number: int) -> None:
        """A worker is gone, and its connections with it."""
        self.occupancy.clear(number)
        self.counters.row(number)[Count.WORKERS_LOST] += 1

    def saw(self, nonce: bytes, asker: Peer) -> None:
        self.nonces.note(nonce, {"client": asker.client, **asker.how()})


def run(settings: Settings, where: Mapping[str, str]) -> None:
    """Serve DNS over TLS until SIGTERM; SIGHUP looks at the certificate at once. `where` says where each setting is."""
    serve(settings, where, log_to_supervisor(settings.log).write)


def serve(settings: Settings, where: Mapping[str, str], write: Callable[[str], None]) -> None:
    """Serve until SIGTERM, with `dot.workers` processes. Raises OperatorError for what cannot be served at all.

    `write` takes lines of the log that are not worth a record each.
    """
    shared = _Shared(settings, where, write)
    workers = settings.dot.workers
    sockets = [FrontSockets(settings, worker) for worker in range(workers)]
    worker = Crew(
        workers,
        lost=shared.lost,
        rests=lambda number: sockets[number].rest(),
        stopping=partial(close, sockets),
    ).begin()
    close(sockets[: worker.number] + sockets[worker.number + 1 :])
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(_serve(shared, worker, sockets[worker.number]))


async def _serve(shared: _Shared, worker: Worker, sockets: FrontSockets) -> None:
    settings, is_first = shared.settings, worker.number == 0
    count, row = shared.counters.row(worker.number), shared.occupancy.row(worker.number)
    refresh = partial(shared.look_again, count)
    stopping = worker.watch(refresh)
    refresh()
    upstream = Upstream(
        paths.unbound_port(settings),
        settings.dot.queries,
        at_once=QUERIES_AT_ONCE // settings.dot.workers,
        unshared=shared.limits.unshared,
    )
    witness = Witness(upstream, shared.evidence.row(worker.number), [route.zone for route in settings.resolver.routes])
    rules = (in_force := InForce(settings, shared.pauses, shared.applied.row(worker.number))).rules
    check_names = CheckNames(f"{CHECK_LABEL}.{settings.hostname}", NONCE_OCTETS, lambda: rules.addresses, shared.saw)
    diagnosis = Diagnosis(upstream, settings.resolver.ca_bundle, Mark(paths.bogus_mark(settings)).note)
    make = partial(Pipeline, upstream=witness, check_names=check_names, diagnosis=diagnosis)
    answerers = Answerers(settings, make, rules, shared.write, count, row=shared.answer_counts.row(worker.number))
    answering = answerers.by_transport
    is_allowed = allowing((*settings.dot.allow_from, ip_network(HEALTH_CHECK)))
    is_logged = settings.log.connections and log.isEnabledFor(logging.INFO)
    connection_log = ConnectionLog(shared.write, monotonic, priority(logging.INFO), enabled=is_logged)
    server = partial(Server, limits=shared.limits, occupancy=row, count=count, connection_log=connection_log)
    servers = [server(sockets.dot, shared.new_session, answering[DOT], is_allowed=is_allowed, setting="dot.allow_from")]
    in_force.serve(answering[DOT], servers[:1], partial(answerers.apart, DOT))
    datagrams = None
    if settings.plain.enabled:
        is_allowed = allowing(settings.plain.allow_from)
        servers.append(
            server(sockets.plain, PlainSession, answering[TCP], is_allowed=is_allowed, setting="plain.allow_from")
        )
        # Whoever sends datagrams may forge as many addresses as it likes: the other half is for those who cannot.
        most_unfinished = max(settings.dot.queries // 2, 1)
        datagrams = Datagrams(
            sockets.datagrams,
            answering[UDP],
            fit=fit_datagram,
            is_allowed=is_allowed,
            rate=QueryRate(settings.plain.queries_per_second, allowing(HOME), monotonic, shared.limits.unshared),
            most_unfinished=most_unfinished,
            count=count,
        )
        in_force.serve(answering[TCP], servers[1:], partial(answerers.apart, TCP))
        in_force.serve(answering[UDP], (datagrams,), partial(answerers.apart, UDP))
    is_enabled = settings.blocking.enabled
    running = RunningRuleset(rules, upstream, lambda: shared.pauses.left_s, diagnosis, is_enabled=is_enabled)
    watch, door = condition_watch.of(settings, shared.evidence, upstream), shared.door(rules)
    today, series = Today(shared.counters), shared.answer_counts.totals
    heard = control_server.Control(
        shared.state.now, shared.nonces, running.reason, watch.now, door, today=today.now, series=series
    )
    told = await _hear(settings, heard) if is_first else None

    forgets = FrontForgets(answerers.forget, WallClock())
    looks = [asyncio.create_task(_every(_LOOK_S, refresh, forgets.tick))]
    follow, watching = partial(_follow_addresses, rules, sockets, stopping), (watch.tick, today.tick)
    often = partial(answerers.tell, in_force.look), follow, *(watching if is_first else ())
    looks.append(asyncio.create_task(_every(_OFTEN_S, *often)))
    await stopping.wait()
    if datagrams is not None:
        datagrams.close()
    await asyncio.gather(*(server.stop() for server in servers))
    upstream.close()
    answerers.tell()
    for look in looks:
        look.cancel()
    if told is not None:
        told.close()


async def _hear(settings: Settings, heard: control_server.Control) -> asyncio.Server:
    bound = paths.bound_for_all(paths.control_socket(settings))
    server = await control_server.serve(bound, heard, control_server.allowed_uids())
    log.info("answering DNS over TLS on port %d", settings.dot.port)
    return server


async def _every(pause_s: float, *looks: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(pause_s)
        for look in looks:
            try:
                look()
            except Exception:
                log.exception("a fault of Homedot's own; it is tried again")


def _follow_addresses(rules: RulesetWatcher, sockets: FrontSockets, stopping: asyncio.Event) -> None:
    if sockets.lacks(rules.addresses):
        stopping.set()
