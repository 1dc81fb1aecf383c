"""`homedot healthcheck`: one question over TLS, every half a minute."""

import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from app.config.load import load
from app.config.settings import Settings
from app.doctor.healthcheck import check
from app.errors import OperatorError
from app.networks import HEALTH_CHECK
from app.programs import handing, paths, users
from app.text import printable

_DEADLINE_S = 3.0
_RUN_DIR = "HOMEDOT_RUN_DIR"


def run(environment: Mapping[str, str], _: Namespace) -> int:
    """Print nothing and return 0 if this box answers over TLS; else one sentence and 1."""
    try:
        settings = _in_force(environment)
        check(settings.dot.port, settings.hostname, _DEADLINE_S, HEALTH_CHECK)
    except OperatorError as error:
        print(f"homedot: {printable(str(error))}", file=sys.stderr)
        return 1
    return 0


def _in_force(environment: Mapping[str, str]) -> Settings:
    """Those that the box was started with, not what an operator is writing into a file just now."""
    copy = paths.handed(Path(environment.get(_RUN_DIR) or Settings().run_dir), users.ROOT)
    return (handing.taken(copy) if copy.exists() else load(environment)).settings
