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
element hiding) is skipped as well. Nothing is fatal.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import chain

from app.text import printable

from .names import LABEL, LAST_LABEL, MOST_OCTETS, is_name, rule_of, to_ascii
from .resolvers import PolicyZone, dnsmasq

MOST_LINE_OCTETS = 4096
"""Room for a hosts line with many names. A longer one is junk, and is not kept in memory."""

_MOST_EXAMPLES, _MOST_EXAMPLE_CHARACTERS, _MOST_TITLE_CHARACTERS = 3, 60, 60

_DOTTED = rb"((?:" + LABEL + rb"\.)+" + LAST_LABEL + rb")"
_DOMAIN = re.compile(rb"(?:\*?\.)?" + _DOTTED)
_HOST = re.compile(rb"(?:0\.0\.0\.0|127\.0\.0\.1)[ \t]+" + _DOTTED)
_ADBLOCK = re.compile(
    r"(?P<lifts>@@)?\|(?P<covers>\|(?:\*\.)?)?(?P<name>[^\s^$|/*]+)(?:\^\|?|\|)(?:\$(?P<options>.*))?"
)
_TITLE = re.compile(r"[#!]\s*title:\s*(.*)", re.IGNORECASE)
_COMMENT = re.compile(r"\s[#!;].*")
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
    """What became of the lines: `unsupported` were understood and are not for DNS, `junk` were not understood."""

    unsupported: int = 0
    junk: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Parsed:
    """Rules as in names.py, in the order of the list, duplicates and all; `void` are those that it takes back."""

    title: str = ""
    rules: list[bytes] = field(default_factory=list)
    exceptions: list[bytes] = field(default_factory=list)
    void_rules: set[bytes] = field(default_factory=set)
    void_exceptions: set[bytes] = field(default_factory=set)
    report: Report = field(default_factory=Report)


def parse(chunks: Iterable[bytes]) -> Parsed:
    """Read a list that comes in pieces of any size. Only its names stay in memory."""
    parsed, zone = Parsed(), PolicyZone()
    keep, domain, host = parsed.rules.append, _DOMAIN.fullmatch, _HOST.fullmatch
    for line in _lines(chunks, parsed.report):
        # Nearly all lines of nearly all lists are of these two kinds; a million of them should not take long.
        lower = line.lower()
        if (found := domain(lower)) and len(found[1]) <= MOST_OCTETS:
            keep(rule_of(found[1], covers_below=True))
        elif (found := host(lower)) and len(found[1]) <= MOST_OCTETS and found[1] != b"localhost.localdomain":
            keep(rule_of(found[1], covers_below=False))
        elif line:
            _read(line, parsed, zone)
    for kept, void in ((parsed.rules, parsed.void_rules), (parsed.exceptions, parsed.void_exceptions)):
        if void:
            kept[:] = (rule for rule in kept if rule not in void)
    return parsed


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
            _count_junk(report, rest[:_MOST_EXAMPLE_CHARACTERS].decode(errors="replace"))
            rest, skipping = b"", True


def _read(line: bytes, parsed: Parsed, zone: PolicyZone) -> None:
    """One line of any kind."""
    text = line.decode(errors="surrogateescape").lstrip(_BOM).strip()
    if not text:
        return
    if text[0] in "#!;[":
        _read_comment(text, parsed)
        return
    text = _COMMENT.sub("", text).lower()
    words = text.split()
    if not words:
        return
    if words[0] in _SINKS:
        _read_hosts(text.partition("#")[0].split()[1:], parsed)  # hosts(5): a comment begins anywhere
    elif _NOT_UTF8.search(text):
        _count_junk(parsed.report, text)
    elif len(words) > 1:
        _read_record(text, words, parsed, zone)
    elif text.startswith(("|", "@@|")):
        _read_adblock(text, parsed)
    elif blocked := dnsmasq(text):
        _read_dnsmasq(blocked, parsed)
    elif zone.is_one and (text.isdecimal() or text in "()"):
        parsed.report.unsupported += 1  # the SOA, on several lines
    else:
        _read_domain(text, parsed)


def _read_comment(text: str, parsed: Parsed) -> None:
    titled = _TITLE.match(text)
    if titled and not parsed.title:
        parsed.title = printable(titled[1], _MOST_TITLE_CHARACTERS).strip()


def _read_hosts(names: list[str], parsed: Parsed) -> None:
    for word in names:
        name = word.removesuffix(".")
        if "." not in name or name in _OF_THE_MACHINE:
            continue  # localhost, ip6-allnodes, the machine's own name
        covers_below = name.startswith("*.")
        rule = _rule(name.removeprefix("*."), covers_below=covers_below)
        if rule is None:
            _count_junk(parsed.report, word)
        else:
            parsed.rules.append(rule)


def _read_adblock(text: str, parsed: Parsed) -> None:
    found = _ADBLOCK.fullmatch(text)
    rule = _rule(found["name"].removesuffix("."), covers_below=found["covers"] is not None) if found else None
    options = set((found["options"] or "all").split(",")) if found else set()
    if found is None or rule is None or not options <= {*_EMPTY_OPTIONS, _VOIDING}:
        parsed.report.unsupported += 1
    elif _VOIDING in options:
        (parsed.void_exceptions if found["lifts"] else parsed.void_rules).add(rule)
    else:
        (parsed.exceptions if found["lifts"] else parsed.rules).append(rule)


def _read_dnsmasq(names: list[str], parsed: Parsed) -> None:
    for name in names:
        rule = _rule(name, covers_below=True)
        if rule is None:
            parsed.report.unsupported += 1
        else:
            parsed.rules.append(rule)


def _read_record(text: str, words: list[str], parsed: Parsed, zone: PolicyZone) -> None:
    entry = zone.read(words)
    rule = _rule(entry.name, covers_below=entry.covers_below) if entry else None
    if rule is not None and entry is not None:
        (parsed.exceptions if entry.lifts else parsed.rules).append(rule)
    elif zone.is_one or words[-2] == "cname":
        parsed.report.unsupported += 1
    else:
        _read_strange(text, words, parsed.report)


def _read_domain(text: str, parsed: Parsed) -> None:
    name = text.removeprefix("*").removeprefix(".").removesuffix(".")
    # A word without a dot is more likely prose than a whole top-level domain; `*.zip` says that it is meant.
    is_meant = "." in name or text.startswith(("*.", "."))
    rule = _rule(name, covers_below=True) if is_meant else None
    if rule is None:
        _read_strange(text, [text], parsed.report)
    else:
        parsed.rules.append(rule)


def _read_strange(text: str, words: list[str], report: Report) -> None:
    if set(text) & _FOREIGN or _is_address(words[0]):
        report.unsupported += 1
    else:
        _count_junk(report, text)


def _rule(name: str, *, covers_below: bool) -> bytes | None:
    octets = name.encode() if name.isascii() else to_ascii(name)
    return rule_of(octets, covers_below=covers_below) if octets is not None and is_name(octets) else None


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


def _count_junk(report: Report, text: str) -> None:
    report.junk += 1
    if len(report.examples) < _MOST_EXAMPLES:
        report.examples.append(printable(text, _MOST_EXAMPLE_CHARACTERS))
