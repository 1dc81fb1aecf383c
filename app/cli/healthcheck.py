"""`homedot healthcheck`: one question over TLS, every half a minute."""

import sys
from argparse import Namespace

from app.config.load import Loaded
from app.doctor.healthcheck import check
from app.errors import OperatorError

_DEADLINE_S = 3.0


def run(loaded: Loaded, _: Namespace) -> int:
    """Print nothing and return 0 if this box answers over TLS; else one sentence and 1."""
    try:
        check(loaded.settings.dot.port, loaded.settings.hostname, _DEADLINE_S)
    except OperatorError as error:
        print(f"homedot: {error}", file=sys.stderr)
        return 1
    return 0
