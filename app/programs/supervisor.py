"""The container's process 1: supervisord, with everything below it."""

from pathlib import Path

from app.config.settings import Settings
from app.host.supervision import run as supervise
from app.ports import reserved

from . import paths, users
from .output import settle


def run(settings: Settings, configuration: str) -> int:
    """Run what the file `configuration` says, until stopped. Returns the exit code."""
    variables = {
        "RUN_DIR": str(settings.run_dir),
        "WEB_ENABLED": str(settings.web.enabled).lower(),
        "BLOCKING_ENABLED": str(settings.blocking.enabled).lower(),
    }
    user = users.find(users.UNBOUND)
    reservation = reserved(paths.unbound_port(settings), "resolver.port", user.pw_uid if user else None)
    code = supervise(Path(configuration), variables)
    for bound in reservation:
        bound.close()
    settle()
    return code
