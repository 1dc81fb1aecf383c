"""The octets of a block list -> rules, and a report of what was not understood. Pure.

The format is found line by line (formats.py), so a list may mix them. A line that begins with `#`, `!`, `;` or `[` is a
comment in any encoding, and so is what follows one of the first three after a name and a space. Nothing is fatal.
"""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from ipaddress import ip_address
from itertools import chain

from app.text import printable

from . import adblock
from .formats import FORMATS, SINKS, Read
from .layout import MOST_TITLE_CHARACTERS
from .names import BLOCKS, BLOCKS_BELOW, LABEL, LAST_LABEL, MOST_OCTETS, PLAIN
from .parsed import MOST_EXAMPLE_CHARACTERS, Parsed, ParseReport, RuleSink, Why
from .suffixes import TOP_LEVEL

MOST_LINE_OCTETS = 4096
"""Room for a hosts line with many names. A longer one is junk, and is not kept in memory."""

_DOTTED = rb"((?:" + LABEL + rb"\.)+" + LAST_LABEL + rb")"
_DOMAIN = re.compile(rb"(?:\*?\.)?(?!-)" + _DOTTED)
_HOST = re.compile(rb"(?:0\.0\.0\.0|127\.0\.0\.1)[ \t]+" + _DOTTED)
_TITLE = re.compile(r"[#!]\s*title:\s*(.*)", re.IGNORECASE)
_COMMENT = re.compile(r"(?<!\s)\s+[#!;].*")
_LOCALHOST = b"localhost.localdomain"
_BOM = "\ufeff"
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` (PEP 383) makes of octets that are not UTF-8."""

_FOREIGN = set("|/$^*@#=")
"""What is in lines of formats that we do not read, and never in a name."""


def parse(chunks: Iterable[bytes], rules: RuleSink, above: Container[bytes] = TOP_LEVEL) -> Parsed:
    """Read a list that comes in pieces of any size, and give its rules to `rules`, duplicates and all, as they come.
    Those for names in `above` are left out and counted."""
    parsed, readers = Parsed(rules, above), [each.reader() for each in FORMATS]
    keep, domain, host = rules.keep, _DOMAIN.fullmatch, _HOST.fullmatch
    for line in _lines(chunks, parsed.report):
        # Nearly all lines of nearly all lists are of these two kinds; a million of them should not take long.
        lower = line.lower()
        if (found := domain(lower)) and len(name := found[1]) <= MOST_OCTETS and name not in above:
            keep(name, PLAIN if name == lower else BLOCKS_BELOW)
        elif (
            (found := host(lower)) and len(name := found[1]) <= MOST_OCTETS and name != _LOCALHOST and name not in above
        ):
            keep(name, BLOCKS)
        elif line:
            _read(line, parsed, readers)
    return parsed


def _lines(chunks: Iterable[bytes], report: ParseReport) -> Iterator[bytes]:
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
            report.count_junk(rest[:MOST_EXAMPLE_CHARACTERS].decode(errors="replace"))
            rest, skipping = b"", True


def _read(line: bytes, parsed: Parsed, readers: Sequence[Read]) -> None:
    """One line of any kind."""
    text = line.decode(errors="surrogateescape").lstrip(_BOM).strip()
    if not text:
        return
    if text[0] in "#!;[":
        _read_comment(text, parsed)
        return
    text = _COMMENT.sub("", text)
    if adblock.is_regex(text):
        adblock.read_regex(text, parsed)
        return
    text = text.lower()
    words = text.split()
    if not words:
        return
    if words[0] not in SINKS and _NOT_UTF8.search(text):
        parsed.report.count_junk(text)
    elif not any(read(text, words, parsed) for read in readers):
        _count_strange(text, words, parsed.report)


def _read_comment(text: str, parsed: Parsed) -> None:
    titled = _TITLE.match(text)
    if titled and not parsed.title:
        parsed.title = printable(titled[1], MOST_TITLE_CHARACTERS).strip()


def _count_strange(text: str, words: list[str], report: ParseReport) -> None:
    if _is_address(words[0]) and len(words) > 1:
        report.leave_out(Why.CHANGES_ANSWERS, text)
    elif set(text) & _FOREIGN or _is_address(words[0]):
        report.leave_out(Why.CHANGES_ANSWERS if text.startswith("address=/") else Why.OTHER_FORMAT, text)
    else:
        report.count_junk(text)


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True
