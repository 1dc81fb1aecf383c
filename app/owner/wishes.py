"""What the owner wishes -> what is to be set, or why not. The one door of all changes. Pure but for the time zone.

A fault is the end of a sentence, as the parsers of the settings say it, with what was typed behind it. What environment
or YAML sets is not changed here: the fault says where to change it.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app import dnsname
from app.config import sources, values
from app.text import printable

from .length import end_s
from .will import ALL, ALLOW, ALLOWS, BLOCKS, DENY, DEVICE, LIST, NAME, OFF, PAUSE, Key, Will

Wanted = dict[Key, object]

_MOST_LABEL = 63
_MOST_SOURCE = 2000
_MAC = re.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_SETTINGS = {ALLOW: "blocking.allow", DENY: "blocking.deny"}
_IS = {ALLOW: "allowed", DENY: "blocked"}


@dataclass(frozen=True, slots=True)
class Wish:
    """`do` is a member of DOERS, `what` the names, lists or devices that it is about."""

    do: str
    what: Sequence[str] = ()
    length: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a wish is judged by: what the settings say, and `where` each of them was set, if it was. `answered_here`
    says in a sentence why no list has a word about a name, or nothing. `crowds` are addresses behind which many devices
    stand. `shortage` says in a sentence why there is no memory for lists, if that is so."""

    now_s: float
    names: Mapping[str, Collection[str]] = field(default_factory=dict)
    lists: Sequence[str] = ()
    allow_lists: Sequence[str] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    is_enabled: bool = True
    shortage: str = ""
    answered_here: Callable[[str], str] = lambda _: ""
    is_suffix: Callable[[str], bool] = lambda _: False
    is_never_blocked: Callable[[str], bool] = lambda _: False
    crowds: Collection[str] = ()

    def set_in(self, setting: str) -> str:
        return f"{setting}, set in {self.where.get(setting, 'the settings')}: change it there"


def wanted(wish: Wish, around: Surroundings, will: Will) -> Wanted:
    """Raises ValueError with all faults."""
    judge = DOERS.get(wish.do)
    if judge is None:
        raise ValueError("that is no change")
    if wish.do not in {"name", "resume"} and not around.is_enabled:
        raise ValueError("blocking.enabled is false, so nothing is blocked: change it there")
    found: Wanted = {}
    faults = []
    for text in wish.what:
        try:
            found |= judge(text, wish, around, will)
        except ValueError as error:
            faults.append(f"{printable(text, 100)}: {printable(str(error))}")
    if faults:
        raise ValueError("; ".join(faults))
    if not wish.what:
        found |= judge("", wish, around, will)
    return found


def _allow(text: str, _: Wish, around: Surroundings, will: Will) -> Wanted:
    return _name(text, ALLOW, around, will)


def _deny(text: str, _: Wish, around: Surroundings, will: Will) -> Wanted:
    name = values.domain(text)
    for above in dnsname.suffixes(name):
        if above in around.names.get(ALLOW, ()):
            raise ValueError(f"would have no effect: {above} is in {around.set_in(_SETTINGS[ALLOW])}")
        if above != name and will.value(Key(NAME, above)) == ALLOW:
            raise ValueError(f"would have no effect: you allow {above}; `homedot forget {above}` first")
    if around.is_never_blocked(name):
        raise ValueError("would have no effect: devices test their network with it, so it is never blocked")
    return _name(text, DENY, around, will)


def _name(text: str, verdict: str, around: Surroundings, will: Will) -> Wanted:
    name = values.domain(text)
    other = DENY if verdict == ALLOW else ALLOW
    if name in around.names.get(other, ()):
        raise ValueError(f"is {_IS[other]} by {around.set_in(_SETTINGS[other])}")
    if around.is_suffix(name):
        raise ValueError(
            "must be names that somebody owns, and this is a public suffix, below which all the world has names: "
            f"only the setting {_SETTINGS[verdict]} takes it"
        )
    if said := around.answered_here(name):
        raise ValueError(f"must be other names, because this would have no effect: {said}")
    if name in around.names.get(verdict, ()) and will.value(Key(NAME, name)) is None:
        raise ValueError(f"is {_IS[verdict]} already, by {_SETTINGS[verdict]}")
    return {Key(NAME, name): verdict}


def _forget(text: str, _: Wish, around: Surroundings, will: Will) -> Wanted:
    name = values.domain(text)
    if will.value(Key(NAME, name)) is not None:
        return {Key(NAME, name): None}
    for verdict, setting in _SETTINGS.items():
        if name in around.names.get(verdict, ()):
            raise ValueError(f"is {_IS[verdict]} by {around.set_in(setting)}")
    raise ValueError("was neither allowed nor denied: `homedot why` says what becomes of it")


def _add(text: str, wish: Wish, around: Surroundings, will: Will) -> Wanted:
    if around.shortage:
        raise ValueError(around.shortage)
    source = sources.list_source(text)
    if len(source) > _MOST_SOURCE:
        raise ValueError(f"must have {_MOST_SOURCE} characters at most (got {len(source)})")
    if source in (*around.lists, *around.allow_lists):
        if will.value(Key(LIST, source)) == OFF:
            return {Key(LIST, source): None}
        raise ValueError("is used already")
    for other in _known(source, around, will):
        if other != source and will.value(Key(LIST, other)) != OFF:
            raise ValueError(f"is used already, as {other}: remove that first")
    return {Key(LIST, source): ALLOWS if wish.do == "add allowing" else BLOCKS}


def _remove(text: str, _: Wish, around: Surroundings, will: Will) -> Wanted:
    """A list of the owner's is forgotten; the one that is there without any setting is switched off."""
    chosen = list(_known(sources.list_source(text), around, will))
    if not chosen:
        raise ValueError("is no list that is used: `homedot lists` shows them")
    found: Wanted = {}
    for source in chosen:
        for setting, named in (("blocking.lists", around.lists), ("blocking.allow_lists", around.allow_lists)):
            if source in named and setting in around.where:
                raise ValueError(f"is in {around.set_in(setting)}")
        found[Key(LIST, source)] = OFF if source in (*around.lists, *around.allow_lists) else None
    return found


def _known(source: str, around: Surroundings, will: Will) -> Iterator[str]:
    """The lists that have this address, whatever stands before it; the one with the same before it alone, if there is
    one."""
    every = dict.fromkeys((*around.lists, *around.allow_lists, *(entry.key.of for entry in will.live(LIST))))
    if source in every:
        yield source
        return
    address = sources.read(source).address
    yield from (other for other in every if sources.read(other).address == address)


def _pause(text: str, wish: Wish, around: Surroundings, _: Will) -> Wanted:
    whose = str(values.address(text)) if text else ALL
    if whose in around.crowds:
        raise ValueError("is where all devices seem to come from here, so nobody can pause one alone: pause for all")
    return {Key(PAUSE, whose): end_s(wish.length, around.now_s)}


def _resume(text: str, _: Wish, __: Surroundings, will: Will) -> Wanted:
    if not text:
        return {entry.key: None for entry in will.live(PAUSE)}
    key = Key(PAUSE, str(values.address(text)))
    if will.value(key) is None:
        everybody = "; the pause for all is another" if will.value(Key(PAUSE, ALL)) is not None else ""
        raise ValueError(f"has no pause of its own{everybody}")
    return {key: None}


def device(text: str) -> str:
    """An address of a network or of its hardware, in its one form. Raises ValueError."""
    raw = text.strip().lower().replace("-", ":")
    return raw if _MAC.fullmatch(raw) else str(values.address(text))


def _call(text: str, wish: Wish, _: Surroundings, __: Will) -> Wanted:
    label = " ".join(wish.label.split())
    if len(label) > _MOST_LABEL or not label.isprintable():
        raise ValueError(f"must be called by {_MOST_LABEL} letters at most, without control characters")
    return {Key(DEVICE, device(text)): label or None}


DOERS: Mapping[str, Callable[[str, Wish, Surroundings, Will], Wanted]] = {
    "allow": _allow,
    "deny": _deny,
    "forget": _forget,
    "add": _add,
    "add allowing": _add,
    "remove": _remove,
    "pause": _pause,
    "resume": _resume,
    "name": _call,
}
