"""The container's process 1: supervisord, with everything below it."""

from pathlib import Path

from app.config.settings import Settings
from app.host.supervision import run as supervise

from .output import Lines, settle


def run(settings: Settings, configuration: str) -> int:
    """Run what the file `configuration` says, until stopped. Returns the exit code."""
    variables = {
        "RUN_DIR": str(settings.run_dir),
        "WEB_ENABLED": str(settings.web.enabled).lower(),
        "BLOCKING_ENABLED": str(settings.blocking.enabled).lower(),
    }
    lines = Lines(settings.log)
    code = supervise(Path(configuration), variables, lines.tell, lines.look)
    settle()
    return code
