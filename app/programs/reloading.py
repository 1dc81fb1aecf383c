"""Settings that were changed while the box runs: what needs no more than new programs is in force at once."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from app.config.load import Loaded
from app.config.settings import Settings
from app.host.supervision import restart_programs

from . import handing, paths, users
from .findings_log import Findings

LATER = "counts from the next start of the container"

_AT_ONCE = (
    "blocking.",
    "local",
    "dot.",
    "plain.",
    "special.",
    "resolver.rebind_exceptions",
    "log.connections",
    "log.queries",
)
"""Names, or how they begin, of what only the front door, the page and the program of the lists read."""
_BUT_NOT = {
    "blocking.enabled",
    "dot.port",
    "dot.public_port",
    "dot.workers",
    "plain.enabled",
    "plain.port",
    "special.released",
}
"""What unbound and the supervisor read too."""


def reload(settings: Settings, environment: Mapping[str, str]) -> Findings:
    """Read what the operator wrote, and have in force what can be. Raises OperatorError; then all is as before."""
    wanted = handing.wanted({name: value for name, value in environment.items() if name != handing.VARIABLE})
    before = handing.taken(paths.handed(settings.run_dir, users.ROOT))
    old, new = dict(_values(before.settings)), dict(_values(wanted.settings))
    changed = [name for name in new if new[name] != old[name]]
    at_once = [name for name in changed if name.startswith(_AT_ONCE) and name not in _BUT_NOT]
    later = [name for name in changed if name not in at_once]
    news = []
    if at_once:
        handing.hand_on(_mixed(before, wanted, at_once))
        restart_programs(paths.supervisor_pid(settings))
        news.append(f"in force now: {', '.join(at_once)}")
    return Findings(news=(*news, *(f"{name}: {LATER}" for name in later)))


def _mixed(before: Loaded, wanted: Loaded, at_once: list[str]) -> Loaded:
    given = {name: raw for name, raw in before.given.items() if name not in at_once}
    given |= {name: wanted.given[name] for name in at_once if name in wanted.given}
    return Loaded(before.settings, {}, given)


def _values(branch: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    if not is_dataclass(branch):
        return
    for item in fields(branch):
        value, name = getattr(branch, item.name), prefix + item.name
        if is_dataclass(item.default):
            yield from _values(value, f"{name}.")
        else:
            yield name, value
