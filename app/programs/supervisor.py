"""The container's process 1: supervisord, with everything below it."""

from functools import partial
from pathlib import Path

from app.config.settings import Settings
from app.host import memory
from app.host.supervision import run as supervise
from app.ports import reserved

from . import paths, users
from .output import Lines, settle

_UNPRIVILEGED_PORT = 1024  # ip_unprivileged_port_start of a host's network


def run(settings: Settings, configuration: str) -> int:
    """Run what the file `configuration` says, until stopped. Returns the exit code."""
    variables = {
        "RUN_DIR": str(settings.run_dir),
        "DOT_CAPABILITY": _capability(settings.dot.port, *([settings.plain.port] if settings.plain.enabled else [])),
        "WEB_CAPABILITY": _capability(settings.web.port),
        "WEB_ENABLED": str(settings.web.enabled).lower(),
        "LISTS_WANTED": str(settings.blocking.enabled and not memory.shortage()).lower(),
    }
    user = users.find(users.UNBOUND)
    reservation = reserved(paths.unbound_port(settings), "resolver.port", user.pw_uid if user else None)
    lines = Lines(settings.log)
    code = supervise(Path(configuration), variables, lines.tell, lines.look, partial(_ask_for_renewal, settings))
    for bound in reservation:
        bound.close()
    settle()
    return code


def _ask_for_renewal(settings: Settings) -> None:
    for request in (paths.refresh_request(settings), paths.reload_request(settings)):
        request.touch()


def _capability(*ports: int) -> str:
    """What a program needs to bind these: the one capability that `as` gives it, or none."""
    return "net_bind_service" if min(ports) < _UNPRIVILEGED_PORT else "none"
