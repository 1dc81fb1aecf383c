"""Settings as those who may read the operator's files hand them to programs that may not. Pure.

What was given is handed on, not what it means, so that one parser makes the same tree of it on both sides; and where,
so that whoever is to change it is told where.
"""

import json
from collections.abc import Mapping

from .load import Loaded, build
from .settings import leaves

_NOBODY = "default"
"""Where a setting is from that nobody has set, as `load` says it."""


def hand(loaded: Loaded, *, with_secrets: bool = True) -> bytes:
    """What `take` makes the same settings of; for those who may not have them, without the secrets among them."""
    hidden = () if with_secrets else [leaf.name for leaf in leaves() if leaf.is_secret]
    given = {name: raw for name, raw in loaded.given.items() if name not in hidden}
    return json.dumps({"given": given, "where": where_set(loaded)}, sort_keys=True).encode()


def take(content: bytes) -> Loaded:
    """The settings of `hand`. Nothing is looked at again: files that they name may be another user's.

    Raises ValueError for anything else.
    """
    document = json.loads(content)
    given, where = (document.get(part) if isinstance(document, dict) else None for part in ("given", "where"))
    if not isinstance(given, Mapping) or not isinstance(where, Mapping):
        raise ValueError("is not what was handed on")
    settings = build({leaf.name: leaf.parse(given[leaf.name]) for leaf in leaves() if leaf.name in given})
    return Loaded(settings, where, given)


def where_set(loaded: Loaded) -> dict[str, str]:
    """The variable or the file of each setting that was given, by the setting's name."""
    return {name: source for name, source in loaded.sources.items() if name in loaded.given and source != _NOBODY}
