"""The octets of a block list -> rules, and a report of what was not understood. Pure.

The format is found line by line, so a list may mix them:

    0.0.0.0 ads.example.com            hosts: 0.0.0.0, 127.0.0.1, ::, ::1 and names: exactly these, as in hosts(5)
    ads.example.com                    a domain: the name and everything below
    *.ads.example.com .ads.example.com the same
    ||ads.example.com^                 Adblock's: the same; where the address ends a name ends, so ^| and | are like ^
    |ads.example.com^                  Adblock's: exactly this name
    @@||good.ads.example.com^          Adblock's exception: the name and everything below is not blocked by this list
    ||ads.example.com^$badfilter       Adblock's: the same line without this option is void, wherever in the list it is
    # ! ; [Adblock]                    a comment in any encoding, also after a name and a space

Lines of dnsmasq and of response policy zones are in resolvers.py.
Adblock options say something that DNS cannot know (`$third-party`) or that we do not (`$client`), so such a line is
counted and skipped; `$important` and `$all` change nothing here. What else Adblock has (paths, regular expressions,
element hiding) is skipped as well, and so is a rule for a whole top-level domain (`||com^`). Nothing is fatal.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import chain
from typing import Protocol

from app.text import printable

from .layout import MOST_TITLE_CHARACTERS
from .names import (
    BLOCKS,
    BLOCKS_BELOW,
    BLOCKS_ONLY_BELOW,
    LABEL,
    LAST_LABEL,
    LIFTS,
    LIFTS_BELOW,
    LIFTS_ONLY_BELOW,
    MOST_OCTETS,
    is_name,
    to_ascii,
)
from .resolvers import PolicyZone, dnsmasq

MOST_LINE_OCTETS = 4096
"""Room for a hosts line with many names. A longer one is junk, and is not kept in memory."""

_MOST_EXAMPLES, _MOST_EXAMPLE_CHARACTERS = 3, 60

_DOTTED = rb"((?:" + LABEL + rb"\.)+" + LAST_LABEL + rb")"
_DOMAIN = re.compile(rb"(?:\*?\.)?" + _DOTTED)
_HOST = re.compile(rb"(?:0\.0\.0\.0|127\.0\.0\.1)[ \t]+" + _DOTTED)
_ADBLOCK = re.compile(
    r"(?P<lifts>@@)?\|(?P<covers>\|(?:\*\.)?)?(?P<name>[^\s^$|/*]+)(?:\^\|?|\|)(?:\$(?P<options>.*))?"
)
_TITLE = re.compile(r"[#!]\s*title:\s*(.*)", re.IGNORECASE)
_COMMENT = re.compile(r"\s+[#!;].*")
_SINKS = {"0.0.0.0", "127.0.0.1", "::", "::0", "0:0:0:0:0:0:0:0", "::1", "0"}
_SINKS |= {"fe80::1%lo0", "255.255.255.255", "ff00::0", "ff02::1", "ff02::2"}
_BOM = "\ufeff"
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` (PEP 383) makes of octets that are not UTF-8."""

_EMPTY_OPTIONS, _VOIDING = {"important", "all"}, "badfilter"
_OF_THE_MACHINE = {"localhost.localdomain", "0.0.0.0", "127.0.0.1"}
_FOREIGN = set("|/$^*@#=")
"""What is in lines of formats that we do not read, and never in a name."""


@dataclass(slots=True)
class Report:
    """What became of the lines: `unsupported` were understood and are not for DNS, `top_level` would decide about a
    whole top-level domain, `junk` were not understood."""

    unsupported: int = 0
    top_level: int = 0
    junk: int = 0
    examples: list[str] = field(default_factory=list)

    def count_junk(self, text: str) -> None:
        self.junk += 1
        if len(self.examples) < _MOST_EXAMPLES:
            self.examples.append(printable(text, _MOST_EXAMPLE_CHARACTERS))


class Rules(Protocol):
    """Takes what a list says about a name: a kind of names.py."""

    def keep(self, name: bytes, kind: int) -> None: ...
    def take_back(self, name: bytes, kind: int) -> None:
        """The same rule is void, wherever in the list it is."""


@dataclass(slots=True)
class Parsed:
    """What a list says about itself, and what became of its lines."""

    title: str = ""
    report: Report = field(default_factory=Report)


def parse(chunks: Iterable[bytes], rules: Rules) -> Parsed:
    """Read a list that comes in pieces of any size, and give its rules to `rules`, duplicates and all, as they come."""
    reader = _Reader(rules)
    keep, domain, host = rules.keep, _DOMAIN.fullmatch, _HOST.fullmatch
    for line in _lines(chunks, reader.parsed.report):
        # Nearly all lines of nearly all lists are of these two kinds; a million of them should not take long.
        lower = line.lower()
        if (found := domain(lower)) and len(found[1]) <= MOST_OCTETS:
            keep(found[1], BLOCKS_BELOW)
        elif (found := host(lower)) and len(found[1]) <= MOST_OCTETS and found[1] != b"localhost.localdomain":
            keep(found[1], BLOCKS)
        elif line:
            reader.read(line)
    return reader.parsed


def _lines(chunks: Iterable[bytes], report: Report) -> Iterator[bytes]:
    """Lines without the white space around them. One that is too long is counted instead."""
    rest, skipping = b"", False
    for chunk in chain(chunks, (b"\n",)):
        *lines, rest = (rest + chunk).split(b"\n")
        if skipping and lines:
            del lines[0]
            skipping = False
        for line in lines:
            yield line.strip()
        if skipping:
            rest = b""
        elif len(rest) > MOST_LINE_OCTETS:
            report.count_junk(rest[:_MOST_EXAMPLE_CHARACTERS].decode(errors="replace"))
            rest, skipping = b"", True


class _Reader:
    """Reads lines of any kind."""

    def __init__(self, rules: Rules) -> None:
        self.parsed = Parsed()
        self._rules = rules
        self._zone = PolicyZone()

    def read(self, line: bytes) -> None:
        text = line.decode(errors="surrogateescape").lstrip(_BOM).strip()
        if not text:
            return
        if text[0] in "#!;[":
            self._read_comment(text)
            return
        text = _COMMENT.sub("", text).lower()
        words = text.split()
        if not words:
            return
        if words[0] in _SINKS:
            self._read_hosts(text.partition("#")[0].split()[1:])  # hosts(5): a comment begins anywhere
        elif _NOT_UTF8.search(text):
            self.parsed.report.count_junk(text)
        else:
            self._read_entry(text, words)

    def _read_entry(self, text: str, words: list[str]) -> None:
        if len(words) > 1:
            self._read_record(text, words)
        elif text.startswith(("|", "@@|")):
            self._read_adblock(text)
        elif blocked := dnsmasq(text):
            for name in blocked:
                self._keep_or_count(name, BLOCKS_BELOW)
        elif self._zone.is_one and (text.isdecimal() or text in "()"):
            self.parsed.report.unsupported += 1  # the SOA, on several lines
        else:
            self._read_domain(text)

    def _read_comment(self, text: str) -> None:
        titled = _TITLE.match(text)
        if titled and not self.parsed.title:
            self.parsed.title = printable(titled[1], MOST_TITLE_CHARACTERS).strip()

    def _read_hosts(self, names: list[str]) -> None:
        for word in names:
            name = word.removesuffix(".")
            if "." not in name or name in _OF_THE_MACHINE:
                continue  # localhost, ip6-allnodes, the machine's own name
            kind = BLOCKS_BELOW if name.startswith("*.") else BLOCKS
            if not self._keep(name.removeprefix("*."), kind):
                self.parsed.report.count_junk(word)

    def _read_adblock(self, text: str) -> None:
        found = _ADBLOCK.fullmatch(text)
        options = set((found["options"] or "all").split(",")) if found else set()
        if found is None or not options <= {*_EMPTY_OPTIONS, _VOIDING}:
            self.parsed.report.unsupported += 1
            return
        covers = found["covers"] is not None
        kind = (LIFTS_BELOW if covers else LIFTS) if found["lifts"] else (BLOCKS_BELOW if covers else BLOCKS)
        self._keep_or_count(found["name"].removesuffix("."), kind, is_void=_VOIDING in options)

    def _read_record(self, text: str, words: list[str]) -> None:
        entry = self._zone.read(words)
        if entry is not None:
            below, itself = (LIFTS_ONLY_BELOW, LIFTS) if entry.lifts else (BLOCKS_ONLY_BELOW, BLOCKS)
            kind = below if entry.covers_below else itself
            self._keep_or_count(entry.name, kind)
        elif self._zone.is_one or words[-2] == "cname":
            self.parsed.report.unsupported += 1
        else:
            self._count_strange(text, words)

    def _read_domain(self, text: str) -> None:
        name = text.removeprefix("*").removeprefix(".").removesuffix(".")
        # A word without a dot is more likely prose than a whole top-level domain; `*.zip` says that it is meant.
        is_meant = "." in name or text.startswith(("*.", "."))
        if not (is_meant and self._keep(name, BLOCKS_BELOW)):
            self._count_strange(text, [text])

    def _keep_or_count(self, name: str, kind: int, is_void: bool = False) -> None:
        if not self._keep(name, kind, is_void):
            self.parsed.report.unsupported += 1

    def _keep(self, name: str, kind: int, is_void: bool = False) -> bool:
        """Whether `name` is one: then the rule is kept, or counted if it is for a whole top-level domain."""
        octets = name.encode() if name.isascii() else to_ascii(name)
        if octets is None or not is_name(octets):
            return False
        if b"." not in octets:
            self.parsed.report.top_level += 1
        elif is_void:
            self._rules.take_back(octets, kind)
        else:
            self._rules.keep(octets, kind)
        return True

    def _count_strange(self, text: str, words: list[str]) -> None:
        if set(text) & _FOREIGN or _is_address(words[0]):
            self.parsed.report.unsupported += 1
        else:
            self.parsed.report.count_junk(text)


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True
