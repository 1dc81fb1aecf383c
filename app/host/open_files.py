"""How many files may a program have open? A connection is one, and so is each question that waits for its answer."""

import resource

from app.errors import OperatorError

LEAST = 96
"""With less unbound does not start."""


def require() -> None:
    """Raises OperatorError where there may be too few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < LEAST:
        raise OperatorError(
            f"a program may have {most} files open, and {LEAST} are the least: raise `ulimits: nofile` in compose.yaml "
            "or --ulimit nofile"
        )
