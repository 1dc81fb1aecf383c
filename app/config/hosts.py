"""The setting `local`: names of the house, with their addresses or another name for each. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app import dnsname
from app.specialnames import SPECIAL_NAMES

from .values import IPAddress, address, domain, items

ANSWERED_BEFORE = {
    **{name: f"{each.meaning} ({each.document})" for each in SPECIAL_NAMES if each.is_fixed for name in each.names},
    "health.invalid": "is how Homedot looks after itself",
}
"""Names that the front door answers before it looks for one of the house's, each with everything below it."""

_ALIAS = "CNAME"
_MOST_ALIASES = 8
"""In a row; the answers follow no more, and a name of the house that is left over would be asked for outside."""


@dataclass(frozen=True, slots=True)
class Host:
    """One name: its `addresses`, or the name that it is an `alias` of."""

    name: str
    addresses: tuple[IPAddress, ...] = ()
    alias: str | None = None

    def __str__(self) -> str:
        return f"{self.name}={f'{_ALIAS} {self.alias}' if self.alias else ' '.join(map(str, self.addresses))}"


def own(raw: object) -> str:
    """A `domain` that is free to be one of the house's: what the front door answers before would have no effect."""
    name = domain(raw)
    for taken, why in ANSWERED_BEFORE.items():
        if dnsname.is_at_or_below(name, taken):
            raise ValueError(f"must be other names than {name}, which would have no effect: {taken} {why}")
    return name


def hosts(raw: object) -> tuple[Host, ...]:
    """YAML: `{nas.home.arpa: 192.168.1.5, tv.home.arpa: CNAME nas.home.arpa}`, an address or a list of them; as text or
    a list, `nas.home.arpa=192.168.1.5 fd00::5, tv.home.arpa=CNAME nas.home.arpa`.

    Raises ValueError with all faults.
    """
    found: dict[str, Host] = {}
    faults: list[str] = []
    for name, value in _pairs(raw):
        try:
            host = _host(name, value)
            if host.name in found:
                raise ValueError("is given twice")
            found[host.name] = host
        except ValueError as error:
            faults.append(f"{name or value}: {error}")
    faults += [f"{host.name}: leads back to itself" for host in found.values() if _leads_back(host, found)]
    faults += _too_long(found)
    if faults:
        raise ValueError("; ".join(faults))
    return tuple(found.values())


def at_home(name: str, known: Sequence[Host]) -> tuple[str, Sequence[IPAddress]]:
    """The name that `name` leads to in the end, and its addresses; none if it is not one of `known`."""
    by_name = {host.name: host for host in known}
    while (host := by_name.get(name)) is not None and host.alias is not None:  # `hosts` lets none lead back to itself
        name = host.alias
    return name, host.addresses if host else ()


def _pairs(raw: object) -> Iterator[tuple[str, object]]:
    if isinstance(raw, Mapping):
        yield from ((str(name), value) for name, value in raw.items())
        return
    for part in items(raw):
        name, equals, value = str(part).partition("=")
        if equals:
            yield name.strip(), value
        elif name.strip():
            yield "", name.strip()


def _host(name: str, value: object) -> Host:
    if not name:
        raise ValueError("must be NAME=ADDRESS, like nas.home.arpa=192.168.1.5")
    words = [str(word) for word in value] if isinstance(value, list) else str(value).split()
    if words and words[0].upper() == _ALIAS:
        if len(words) != 2:
            raise ValueError("must be CNAME and one name, like CNAME nas.home.arpa")
        return Host(own(name), alias=domain(words[1]))
    if not words:
        raise ValueError("must have an address, like 192.168.1.5, or CNAME and a name")
    return Host(own(name), addresses=tuple(dict.fromkeys(address(word) for word in words)))


def _leads_back(host: Host, known: Mapping[str, Host]) -> bool:
    seen: set[str] = set()
    step: Host | None = host
    while step is not None and step.alias is not None and step.name not in seen:
        seen.add(step.name)
        step = known.get(step.alias)
    return step is not None and step.name in seen


def _too_long(known: Mapping[str, Host]) -> Iterator[str]:
    """A fault for each row of aliases that is, at the name where it begins."""
    inside = {host.alias for host in known.values()}
    for host in known.values():
        if host.name in inside or _leads_back(host, known):
            continue
        row = [host.name]
        while (step := known.get(row[-1])) is not None and step.alias is not None:
            row.append(step.alias)
        if len(row) - 1 > _MOST_ALIASES:
            yield f"{host.name}: must lead to {row[-1]} over {_MOST_ALIASES} aliases at most (got {len(row) - 1})"
