"""Settings as those who may read the operator's files hand them to programs that may not. Pure.

What was given is handed on, not what it means, so that one parser makes the same tree of it on both sides; and where,
so that whoever is to change it is told where.
"""

import json

from .load import Loaded, build
from .settings import leaves


def hand(loaded: Loaded) -> bytes:
    """What `take` makes the same settings of."""
    return json.dumps({"given": loaded.given, "sources": loaded.sources}, sort_keys=True).encode()


def take(content: bytes) -> Loaded:
    """The settings of `hand`. Nothing is looked at again: files that they name may be another user's.

    Raises ValueError for anything else.
    """
    handed = json.loads(content)
    match handed:
        case {"given": dict() as given, "sources": dict() as sources}:
            pass
        case _:
            raise ValueError("is not what was handed on")
    settings = build({leaf.name: leaf.parse(given[leaf.name]) for leaf in leaves() if leaf.name in given})
    return Loaded(settings, sources, given)
