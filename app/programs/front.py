"""The front door's process, or processes: sockets, workers, and what each of them is made of."""

import asyncio
import logging
import resource
import sys
from collections.abc import Callable
from functools import partial
from ipaddress import ip_network
from time import monotonic

from app.answer.cache import Cache
from app.answer.checking import CheckNames
from app.answer.diagnosis import Diagnosis
from app.answer.pause import Pause
from app.answer.pipeline import Pipeline
from app.answer.policy import BLOCKING, Kind
from app.answer.querylog import question_text
from app.answer.upstream import Upstream
from app.answer.wire import fit_datagram
from app.config.settings import Settings
from app.dot.admission import Limits, allowing
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
from app.host.interfaces import shared_by_clients
from app.host.relay import priority
from app.host.wall_clock import WallClock, since_boot_s
from app.networks import HEALTH_CHECK, HOME
from app.onboarding.enrolment import CHECK_LABEL
from app.unbound.conf import QUERIES_AT_ONCE

from . import control_server, exposure, paths
from .bogus import Mark
from .clock_reset import FrontForgets
from .front_sockets import FrontSockets
from .front_state import FrontState
from .output import log_to_supervisor
from .reasons import RunningRuleset
from .rules import RulesetWatcher
from .workers import Workers

log = logging.getLogger("homedot")

_CACHE_BYTES, _PLAIN_CACHE_BYTES = 16 * 1024 * 1024, 4 * 1024 * 1024
_LOOK_S = 2.0
_OTHER_DESCRIPTORS = 64
_COUNTED_AS = {
    Count.QUERIES_BLOCKED: BLOCKING,
    Count.QUERIES_LOCAL: (Kind.SPECIAL, Kind.LOCAL, Kind.RESERVED),
}


class _Shared:
    """What all workers see; made before they are forked, so that tickets of one are good for all."""

    def __init__(self, settings: Settings, write: Callable[[str], None]) -> None:
        workers = settings.dot.workers
        self.settings = settings
        self.write = write
        self.certificate = Certificate(paths.pair(settings), paths.public_pair(settings), settings.public.name)
        self.tickets = TicketKeys(since_boot_s, TWO_YEARS_WEEKS if workers > 1 else 0)
        self.counters = Counters(workers)
        self.occupancy = Occupancy(workers)
        self.nonces = NonceStore(monotonic)
        self.pause = Pause(monotonic)
        self.limits = _limits(settings)
        self.state = FrontState(self.occupancy, self.counters, self.pause)

    def new_session(self) -> TlsSession:
        """For a connection that just came: with the certificate and the ticket keys of this moment."""
        return TlsSession(self.certificate.contexts.of, self.tickets.context)

    def saw(self, nonce: bytes, asker: Peer) -> None:
        self.nonces.note(nonce, {"client": asker.client, **asker.how()})


def run(settings: Settings) -> None:
    """Serve DNS over TLS until SIGTERM; SIGHUP looks at the certificate at once."""
    serve(settings, log_to_supervisor(settings.log).write)


def serve(settings: Settings, write: Callable[[str], None]) -> None:
    """Serve until SIGTERM, with `dot.workers` processes. Raises OperatorError for what cannot be served at all.

    `write` takes lines of the log that are not worth a record each.
    """
    shared = _Shared(settings, write)
    workers = settings.dot.workers
    sockets = [FrontSockets(settings, worker) for worker in range(workers)]
    crew = Workers(workers)
    for worker in range(workers):
        if worker != crew.number:
            sockets[worker].close()
    with asyncio.Runner(loop_factory=Loop) as runner:
        sys.exit(runner.run(_serve(shared, crew, sockets[crew.number])))


async def _serve(shared: _Shared, crew: Workers, sockets: FrontSockets) -> int:
    settings, is_first = shared.settings, crew.number == 0
    count, row = shared.counters.row(crew.number), shared.occupancy.row(crew.number)
    refresh = partial(shared.certificate.refresh, count)
    stopping = crew.watch(refresh)
    upstream = Upstream(
        paths.unbound_port(settings),
        settings.dot.queries,
        at_once=QUERIES_AT_ONCE // settings.dot.workers,
        unshared=shared.limits.unshared,
    )
    log_query = _log_query if settings.dot.log_queries else None
    rules = RulesetWatcher(settings, lambda: shared.pause.left_s > 0)
    check_names = CheckNames(f"{CHECK_LABEL}.{settings.hostname}", NONCE_OCTETS, lambda: rules.addresses, shared.saw)
    diagnosis = Diagnosis(upstream, settings.resolver.ca_bundle, Mark(paths.bogus_mark(settings)).note)
    make = partial(Pipeline, log_query=log_query, check_names=check_names, diagnosis=diagnosis)
    caches = [Cache(_CACHE_BYTES, monotonic)]
    answerer = make(caches[0], upstream, rules.ruleset)
    answerers = [answerer]
    is_allowed = allowing((*settings.dot.allow_from, ip_network(HEALTH_CHECK)))
    is_logged = settings.log.connections and log.isEnabledFor(logging.INFO)
    connection_log = ConnectionLog(shared.write, monotonic, priority(logging.INFO), enabled=is_logged)
    server = partial(Server, limits=shared.limits, occupancy=row, count=count, connection_log=connection_log)
    servers = [server(sockets.dot, shared.new_session, answerer, is_allowed=is_allowed, setting="dot.allow_from")]
    datagrams = None
    if settings.plain.enabled:
        caches.append(Cache(_PLAIN_CACHE_BYTES, monotonic))
        plain = make(caches[1], upstream, rules.ruleset, encrypted=False)
        answerers.append(plain)
        is_allowed = allowing(settings.plain.allow_from)
        servers.append(server(sockets.plain, PlainSession, plain, is_allowed=is_allowed, setting="plain.allow_from"))
        # Whoever sends datagrams may forge as many addresses as it likes: the other half is for those who cannot.
        most_unfinished = max(settings.dot.queries // 2, 1)
        datagrams = Datagrams(
            sockets.datagrams,
            plain,
            fit=fit_datagram,
            is_allowed=is_allowed,
            rate=QueryRate(settings.plain.queries_per_second, allowing(HOME), monotonic, shared.limits.unshared),
            most_unfinished=most_unfinished,
            count=count,
        )
    is_enabled = settings.blocking.enabled
    running = RunningRuleset(rules, upstream, lambda: shared.pause.left_s, diagnosis, is_enabled=is_enabled)
    told = None
    if is_first:
        heard = control_server.Control(shared.state.now, shared.nonces, running.reason, shared.pause)
        bound = paths.bound_for_all(paths.control_socket(settings))
        told = await control_server.serve(bound, heard, control_server.allowed_uids())
        log.info("answering DNS over TLS on port %d", settings.dot.port)

    forgets = FrontForgets(partial(_forget, caches), WallClock())
    looks = [asyncio.create_task(_every(_LOOK_S, refresh, shared.tickets.refresh, forgets.tick))]
    follow = partial(_follow_addresses, rules, sockets, stopping)
    often = partial(_look_at_rules, rules, answerers), follow, partial(_count_given, count, answerers)
    looks.append(asyncio.create_task(_every(control_server.LOOK_S / 2, *often)))
    await stopping.wait()
    crew.end()
    if datagrams is not None:
        datagrams.close()
    await asyncio.gather(*(server.stop() for server in servers))
    upstream.close()
    for look in looks:
        look.cancel()
    if told is not None:
        told.close()
    return crew.exit_code


def _affordable_connections(settings: Settings) -> int:
    """`dot.connections`, or as many as there can be file descriptors for; takes all of those that there are to have."""
    wanted = settings.dot.connections
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most == resource.RLIM_INFINITY or most >= wanted + _OTHER_DESCRIPTORS:
        return wanted
    affordable = max(most - _OTHER_DESCRIPTORS, 1)
    log.warning("dot.connections: only %d instead of %d: too few file descriptors (ulimit -n)", affordable, wanted)
    return affordable


def _limits(settings: Settings) -> Limits:
    dot = settings.dot
    unshared = shared_by_clients()
    if unshared:
        crowd = ", ".join(unshared)
        log.warning("container network: all clients may appear as %s, so no limit of one client applies to that", crowd)
        log.warning("%s", exposure.blindness(unshared[0]))
    return Limits(
        connections=_affordable_connections(settings),
        connections_per_client=dot.connections_per_client,
        queries_per_connection=dot.queries_per_connection,
        first_byte_timeout_s=dot.first_byte_timeout,
        handshake_timeout_s=dot.handshake_timeout,
        message_timeout_s=dot.message_timeout,
        idle_timeout_s=dot.idle_timeout,
        write_timeout_s=dot.write_timeout,
        unshared=frozenset(unshared),
        servers=dot.workers * (2 if settings.plain.enabled else 1),
    )


async def _every(pause_s: float, *looks: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(pause_s)
        for look in looks:
            try:
                look()
            except Exception:
                log.exception("a fault of Homedot's own; it is tried again")


def _forget(caches: list[Cache]) -> None:
    for cache in caches:
        cache.clear()


def _look_at_rules(rules: RulesetWatcher, answerers: list[Pipeline]) -> None:
    ruleset = rules.look()
    if ruleset is not None:
        for answerer in answerers:
            answerer.use(ruleset)


def _follow_addresses(rules: RulesetWatcher, sockets: FrontSockets, stopping: asyncio.Event) -> None:
    if sockets.lacks(rules.addresses):
        stopping.set()


def _count_given(count: memoryview, answerers: list[Pipeline]) -> None:
    for number, kinds in _COUNTED_AS.items():
        count[number] = sum(answerer.given[kind].given for answerer in answerers for kind in kinds)


def _log_query(message: bytes) -> None:
    log.info("query %s", question_text(message))
