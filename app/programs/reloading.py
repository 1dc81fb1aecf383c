"""Settings that were changed while the box runs: what needs no more than new programs is in force at once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

from app.config.contradictions import contradictions
from app.config.handed import hand, take
from app.config.load import Loaded
from app.config.settings import Settings
from app.errors import SettingsError
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
_LISTS = {"blocking.lists", "blocking.allow_lists"}


def reload(settings: Settings, environment: Mapping[str, str]) -> Findings:
    """Read what the operator wrote, and have in force what can be. Raises OperatorError; then all is as before."""
    wanted = handing.wanted({name: value for name, value in environment.items() if name != handing.VARIABLE})
    before = handing.taken(paths.handed(settings.run_dir, users.ROOT))
    old, new = dict(_values(before.settings)), dict(_values(wanted.settings))
    changed = [name for name in new if new[name] != old[name]]
    at_once = list(_at_once(changed, before.settings))
    later = [name for name in changed if name not in at_once]
    news = []
    if at_once:
        handing.hand_on(_mixed(before, wanted, at_once, later))
        restart_programs(paths.supervisor_pid(settings))
        news.append(f"in force now: {', '.join(at_once)}")
    return Findings(news=(*news, *(f"{name}: {LATER}" for name in later)))


def _at_once(changed: Iterable[str], before: Settings) -> Iterator[str]:
    not_now = _BUT_NOT if before.blocking.sources else _BUT_NOT | _LISTS  # whose program does not run
    return (name for name in changed if name.startswith(_AT_ONCE) and name not in not_now)


def _mixed(before: Loaded, wanted: Loaded, at_once: list[str], later: list[str]) -> Loaded:
    """What is in force until a restart. Raises SettingsError if that contradicts itself, though neither side does."""
    given = {name: raw for name, raw in before.given.items() if name not in at_once}
    given |= {name: wanted.given[name] for name in at_once if name in wanted.given}
    where = {name: (wanted if name in at_once else before).sources.get(name, "") for name in given}
    mixed = take(hand(Loaded(before.settings, where, given)))
    faults = [
        f"{fault}; or restart the container, because what you changed of {' and '.join(sorted({*names} & {*later}))} "
        f"{LATER}"
        for names, fault in contradictions(mixed.settings)
    ]
    if faults:
        raise SettingsError(faults)
    return mixed


def _values(branch: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    if not is_dataclass(branch):
        return
    for item in fields(branch):
        value, name = getattr(branch, item.name), prefix + item.name
        if is_dataclass(item.default):
            yield from _values(value, f"{name}.")
        else:
            yield name, value
