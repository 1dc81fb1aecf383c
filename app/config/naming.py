"""What a setting is called where somebody has to change it: by whichever name has set it here. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .load import Loaded
from .settings import PREFIX, leaves

_MARKED = re.compile(r"`([a-z_.]+)`")
_DEFAULT = "default"


class Addition(NamedTuple):
    """How something is added to a setting: where that goes, in words without a verb, and the lines to put there."""

    where: str
    lines: str


def in_force(loaded: Loaded, text: str) -> str:
    """`text` with each setting between backticks called as this box has it."""
    variables = {leaf.name: leaf.variable for leaf in leaves()}

    def called(match: re.Match[str]) -> str:
        name = match[1]
        return _called(loaded.sources, name, variables[name]) if name in variables else match[0]

    return _MARKED.sub(called, text)


def addition(loaded: Loaded, name: str, had: Sequence[str], value: str) -> Addition:
    """How `value` comes into the list `name`, which `had` the others: never a second key beside one that is there."""
    source, variable = _source(loaded.sources, name), next(leaf.variable for leaf in leaves() if leaf.name == name)
    values = [*had, value]
    if source is None or source.startswith(PREFIX):
        where = "in place of what it is now" if had else "below environment in the compose file"
        return Addition(where, f'{variable}: "{", ".join(values)}"')
    branch, _, key = name.partition(".")
    indented = "".join(f'\n    - "{each}"' for each in values)
    if loaded.sources.get(name, _DEFAULT) != _DEFAULT:
        return Addition(f"into {source}, in place of {key} below {branch}", f"  {key}:{indented}")
    if any(other.startswith(f"{branch}.") and loaded.sources[other] == source for other in loaded.sources):
        return Addition(f"into {source}, below {branch}", f"  {key}:{indented}")
    return Addition(f"into {source}", f"{branch}:\n  {key}:{indented}")


def _called(sources: Mapping[str, str], name: str, variable: str) -> str:
    source = _source(sources, name)
    return variable if source is None or source.startswith(PREFIX) else f"{name} in {source}"


def _source(sources: Mapping[str, str], name: str) -> str | None:
    """The variable or the file that sets it; if none does, the last file in which this box has settings; else None."""
    own = sources.get(name, _DEFAULT)
    if own != _DEFAULT:
        return own
    files = [source for source in sources.values() if source != _DEFAULT and not source.startswith(PREFIX)]
    return files[-1] if files else None
