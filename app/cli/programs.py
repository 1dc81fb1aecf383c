"""The long-running programs, as supervisord starts them."""

import asyncio
import logging
import signal
import sys
from functools import partial
from pathlib import Path
from time import monotonic

from app.errors import OperatorError
from app.settings import Settings

from . import places

log = logging.getLogger("homedot")

_CACHE_BYTES = 16 * 1024 * 1024


def supervise(settings: Settings, configuration: str) -> int:
    """Run supervisord with everything below it. Returns the exit code."""
    from app.ops.supervise import run

    variables = {"HOMEDOT_RUN_DIR": str(settings.run_dir), "HOMEDOT_WEB": str(settings.web.enabled).lower()}
    return run(Path(configuration), variables)


def dot(settings: Settings) -> None:
    """Serve DNS over TLS until SIGTERM; SIGHUP looks at the certificate at once."""
    _log_to_stderr("dot")
    asyncio.run(_dot(settings))


async def _dot(settings: Settings) -> None:
    from app.answer.cache import Cache
    from app.answer.pipeline import Pipeline
    from app.answer.upstream import Upstream
    from app.dot.server import Server

    upstream = Upstream(settings.resolver.port)
    server = Server(settings.dot.port, places.pair(settings), Pipeline(Cache(_CACHE_BYTES, monotonic), upstream))
    port = await server.start()
    log.info("answering DNS over TLS on port %d", port)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, server.reload)
    await stopping.wait()
    await server.stop()
    upstream.close()


def web(settings: Settings) -> None:
    """Serve the setup page until SIGTERM."""
    from app.onboarding.web import application, serve
    from app.ops.healthcheck import check

    _log_to_stderr("web")

    async def healthy() -> bool:
        try:
            await asyncio.to_thread(check, settings.dot.port, settings.hostname, 3.0)
        except OperatorError as error:
            log.warning("not healthy: %s", error)
            return False
        return True

    serve(application(partial(places.read_enrolment, settings), healthy), settings.web.port)


def upkeep(settings: Settings) -> None:
    """Every minute: renew the certificate when due, follow a new address of this box."""
    from app.ops.upkeep import listen

    from .prepare import identify

    _log_to_stderr("upkeep")
    told: list[str] = []

    def tick() -> None:
        try:
            if identify(settings):
                log.warning("certificate or addresses changed: phones must scan again, see `homedot setup-phone`")
            told.clear()
        except OperatorError as error:
            if told != list(error.faults):
                log.error("what was served before is served on, but there is something to mend: %s", error)
                told[:] = error.faults

    listen(sys.stdin.buffer, sys.stdout.buffer, tick)


def _log_to_stderr(program: str) -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format=f"{program}: %(message)s")
