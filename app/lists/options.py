"""What stands behind `$` in Adblock's rules. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dns import rdatatype

from .names import is_name
from .parsed import LeftOut, Why

_OF_A_PAGE = {
    "script", "stylesheet", "subdocument", "object", "image", "xmlhttprequest", "media", "font", "websocket", "ping",
    "other",
}  # fmt: skip
"""What a page asks for. A name is asked for by a page's address, so `$~image` is for it and `$image` is not."""
_OF_DEVICES, _OF_ANSWERS = {"client", "ctag"}, {"dnsrewrite"}


@dataclass(frozen=True, slots=True)
class RuleOptions:
    """`only_types`, `not_types` and `denyallow` are as in patterns.Pattern."""

    is_important: bool = False
    is_void: bool = False
    only_types: frozenset[int] = frozenset()
    not_types: frozenset[int] = frozenset()
    denyallow: frozenset[str] = frozenset()

    @property
    def has_condition(self) -> bool:
        return bool(self.only_types or self.not_types or self.denyallow)


def options_of(text: str) -> RuleOptions:
    """`text` is in lower case. Raises LeftOut for what no DNS server can know, or this one does not."""
    found = RuleOptions()
    for option in filter(None, text.split(",")):
        name, _, value = option.partition("=")
        if name in _READERS:
            found = replace(found, **_READERS[name](value))
        elif not _says_nothing(name, value):
            raise LeftOut(_reason(name), f"${name}")
    return found


def _says_nothing(name: str, value: str) -> bool:
    """Whether an option is true of every name that is asked for, since no device has a tag here."""
    is_for_untagged = name == "ctag" and all(tag.startswith("~") for tag in value.split("|"))
    return is_for_untagged or (name.startswith("~") and name[1:] in _OF_A_PAGE)


def _reason(name: str) -> Why:
    if name in _OF_DEVICES:
        return Why.OF_ONE_DEVICE
    return Why.CHANGES_ANSWERS if name in _OF_ANSWERS else Why.UNSEEN


def _types(value: str) -> Mapping[str, frozenset[int]]:
    only, but = set[int](), set[int]()
    for word in value.split("|"):
        try:
            (but if word.startswith("~") else only).add(int(rdatatype.from_text(word.removeprefix("~"))))
        except (rdatatype.UnknownRdatatype, ValueError):
            raise LeftOut(Why.WRONG, "$dnstype") from None
    return {"only_types": frozenset(only), "not_types": frozenset(but)}


def _excluded(value: str) -> Mapping[str, frozenset[str]]:
    names = frozenset(value.split("|"))
    if not all(is_name(name.encode()) for name in names):
        raise LeftOut(Why.WRONG, "$denyallow")
    return {"denyallow": names}


_READERS: Mapping[str, Callable[[str], Mapping[str, Any]]] = {
    "important": lambda _: {"is_important": True},
    "badfilter": lambda _: {"is_void": True},
    "dnstype": _types,
    "denyallow": _excluded,
}
