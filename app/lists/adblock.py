"""Adblock's rules as far as DNS can follow them -> names, addresses and patterns. Pure.

    ||ads.example^   from the begin of a label to the end of the name      |ads.example^   the whole name
    ||ads.           from the begin of a label                             |ads.           the begin of the name
    ads.example^     the end of the name                                   -ads.           anywhere
    ||ads*.example^  `*` stands for anything                               /^ads[0-9]+\\./  a regular expression (RE2)

A name has none of the characters that `^` stands for, so `^` is its end, and in the middle of a rule it means a path.
See https://adguard-dns.io/kb/general/dns-filtering-syntax/.
"""

import re
from typing import NamedTuple

from .names import (
    BLOCK,
    BLOCKS,
    BLOCKS_BELOW,
    BLOCKS_ONLY_BELOW,
    IMPORTANT_BITS,
    IMPORTANT_BLOCK,
    IMPORTANT_LIFT,
    LIFT,
    LIFTS,
    LIFTS_BELOW,
    LIFTS_ONLY_BELOW,
    is_name,
)
from .options import LeftOut, RuleOptions, options_of
from .parsed import Parsed, Why
from .patterns import Pattern

_REGEX = re.compile(r"(?P<lifts>@@)?/(?P<regex>.+)/(?:\$(?P<options>[^/]*))?")
_ELEMENTS = re.compile(r"#@?[?$%]{0,2}#|\$@?\$|#@?%#")
_SETTING = re.compile(r"[a-z-]+=/.*")
_OPTIONS = re.compile(r"(?<!\\)\$(?P<options>[^$]*)\Z")
_SUBSTRING = re.compile(r"(?=.*[a-z0-9])(?!.*\.\.)(?:-[a-z0-9._-]+|[a-z0-9._-]*[_-]|\.[a-z0-9._-]+\.|[a-z0-9_-]+\.)")
"""What no name can be, in a line without any sign of Adblock's."""
_ANYWHERE, _LABEL, _BEGIN = r"", r"(?:^|\.)", r"^"
_BEGINS = (("||", _LABEL), ("|", _BEGIN), ("://", _BEGIN), ("http://", _BEGIN))
_FIRST_IN_A_PATH = re.compile(r"/[a-z0-9.-]{2,}\.")
"""`/ads.` is taken for the begin of a name, which stands behind `http://`."""
_OF_ADDRESSES = re.compile(r"(?:\^|\(\?:\^\|\\\.\)|\(\?i\))\^?[0-9]{1,3}\\\.")
"""Begins like an address, which it may be meant for."""
_PORT = re.compile(r":[0-9]+\Z")
_BODY = re.compile(r"[a-z0-9._*-]*")
_LEAST_CHARACTERS = 3


class _Rule(NamedTuple):
    """`text` is the whole line."""

    text: str
    lifts: bool
    options: RuleOptions

    def kind(self, blocks: int, lifts: int) -> int:
        return (lifts if self.lifts else blocks) << (IMPORTANT_BITS if self.options.is_important else 0)

    @property
    def weight(self) -> int:
        if self.options.is_important:
            return IMPORTANT_LIFT if self.lifts else IMPORTANT_BLOCK
        return LIFT if self.lifts else BLOCK


class _Shape(NamedTuple):
    """Of a pattern: where in a name it begins, as a regular expression; what it has then, with stars in it but none at
    either end; and whether that goes to the end of the name."""

    begin: str
    body: str
    is_whole: bool

    @property
    def may_be_name(self) -> bool:
        return "*" not in self.body and (self.is_whole or "." in self.body)

    @property
    def end_alone(self) -> str | None:
        """The end of a name, if it says nothing but that; empty if it says nothing at all."""
        meaning = [piece.strip(".") for piece in self.body.split("*") if piece.strip(".")]
        is_end_alone = self.is_whole and len(meaning) == 1 and self.body.endswith(meaning[0])
        return meaning[0] if is_end_alone else None if meaning else ""

    @property
    def regex(self) -> str:
        return self.begin + ".*".join(map(re.escape, self.body.split("*"))) + ("$" if self.is_whole else "")


def is_regex(text: str) -> bool:
    """Whether this line is one that must be read as it was written: `\\D` is not `\\d`."""
    return text.startswith(("/", "@@/")) and _REGEX.fullmatch(text) is not None


def read_regex(text: str, parsed: Parsed) -> None:
    """A line that `is_regex`."""
    found = _REGEX.fullmatch(text)
    if found is None:
        return
    try:
        options = options_of((found["options"] or "").lower())
        if "/" in found["regex"] and "|" not in found["regex"]:
            raise LeftOut(Why.UNSEEN, "a path")
        _keep_pattern(_Rule(text, bool(found["lifts"]), options), f"(?i){found['regex']}", parsed)
    except LeftOut as left:
        parsed.report.leave_out(left.why, text, left.detail)


def read(text: str, words: list[str], parsed: Parsed) -> bool:
    """formats.Read."""
    if len(words) > 1 or not _is_adblock(text):
        return False
    try:
        if _ELEMENTS.search(text):
            raise LeftOut(Why.UNSEEN, "elements of a page")
        rest = text.removeprefix("@@")
        found = _OPTIONS.search(rest)
        options = options_of(found["options"]) if found else RuleOptions()
        _read_pattern(_Rule(text, rest != text, options), rest[: found.start()] if found else rest, parsed)
    except LeftOut as left:
        parsed.report.leave_out(left.why, text, left.detail)
    return True


def _is_adblock(text: str) -> bool:
    if text.startswith(("|", "@@", "/", "http://", "https://", "://")):
        return True
    if _SETTING.fullmatch(text):
        return False
    if set("^$|#") & set(text) or "*" in text.removeprefix("*."):
        return True
    name = text.removeprefix("*").removeprefix(".")
    is_plain = "." in name and not name.startswith("-") and is_name(name.encode())
    return not is_plain and _SUBSTRING.fullmatch(text) is not None


def _read_pattern(rule: _Rule, pattern: str, parsed: Parsed) -> None:
    """Raises LeftOut."""
    if len(pattern) < _LEAST_CHARACTERS and not rule.options.has_condition:
        raise LeftOut(Why.TOO_WIDE)
    shape = _shape(pattern)
    is_name_alone = shape.may_be_name and not rule.options.has_condition and _keep_name(rule, shape, parsed)
    if is_name_alone and shape.is_whole:
        return
    if not _BODY.fullmatch(shape.body):
        raise LeftOut(Why.UNSEEN, "a port" if _PORT.search(shape.body) else "a path")
    if shape.end_alone is None or not parsed.leaves_out_above(shape.end_alone, rule.text):
        _keep_pattern(rule, shape.regex, parsed, Why.NO_ROOM_FOR_LONGER if is_name_alone else Why.NO_ROOM)


def _shape(pattern: str) -> _Shape:
    begin, body = _ANYWHERE, pattern
    if _FIRST_IN_A_PATH.fullmatch(pattern):
        begin, body = _BEGIN, pattern[1:]
    for mark, meant in _BEGINS:
        if pattern.startswith(mark):
            begin, body = meant, pattern.removeprefix(mark)
            break
    if body.endswith("/*"):
        body = body.removesuffix("/*") + "^"
    is_open = body.endswith("*")
    end = body.rstrip("*") if is_open else body.removesuffix("|")
    left = end.rstrip("^")
    is_whole = left != end or (not is_open and end != body)
    if left.startswith("*"):
        begin, left = _ANYWHERE, left.lstrip("*")
    # As in a zone's file: no name that is asked for has this dot, so it can only be meant well.
    return _Shape(begin, left.removesuffix(".") if is_whole and begin != _ANYWHERE else left, is_whole)


def _keep_name(rule: _Rule, shape: _Shape, parsed: Parsed) -> bool:
    """Keep a rule that is for a name or an address, if it is one."""
    is_void, body, itself = rule.options.is_void, shape.body, rule.kind(BLOCKS, LIFTS)
    if shape.begin == _ANYWHERE:
        kind = rule.kind(BLOCKS_ONLY_BELOW, LIFTS_ONLY_BELOW)
        return body.startswith(".") and parsed.keep(body.removeprefix("."), kind, is_void=is_void)
    if parsed.keep_address(body, itself, is_void=is_void):
        return True
    kind = rule.kind(BLOCKS_BELOW, LIFTS_BELOW) if shape.begin == _LABEL else itself
    return parsed.keep(body, kind, is_void=is_void)


def _keep_pattern(rule: _Rule, regex: str, parsed: Parsed, no_room: Why = Why.NO_ROOM) -> None:
    """Raises LeftOut."""
    options = rule.options
    pattern = Pattern(rule.text, regex, rule.weight, options.only_types, options.not_types, options.denyallow)
    if options.is_void:
        parsed.void.add(pattern.meaning)
        return
    size = parsed.limits.size(regex)
    if size is None:
        raise LeftOut(Why.NOT_LINEAR)
    if not options.denyallow and parsed.limits.is_for_all(regex):
        raise LeftOut(Why.TOO_WIDE)
    if not parsed.limits.take(pattern, size):
        raise LeftOut(no_room)
    parsed.patterns.append(pattern)
    parsed.addresses += _OF_ADDRESSES.match(regex) is not None
