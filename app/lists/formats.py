"""The table of formats that a block list may have, line by line. Pure.

One row each: its name, lines that show it with what they mean, and what reads it. The table in docs/blocking.md, what
is said of a list that has none of them, and the tests of the examples are made from it. A new format is its reader and
a row here, and more tests of what else it may look like.

Adblock's rules are read by adblock.py. What is left out is counted by its reason (parsed.Why).
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

from . import adblock
from .addresses import network_of, regex_of
from .names import BLOCK, BLOCKS, BLOCKS_BELOW, BLOCKS_ONLY_BELOW, LIFT, LIFTS, LIFTS_ONLY_BELOW, PLAIN
from .parsed import LeftOut, Parsed, Why
from .patterns import Pattern
from .resolvers import Entry, PolicyZone, dnsmasq

SINKS = {"0.0.0.0", "127.0.0.1", "::", "::0", "0:0:0:0:0:0:0:0", "::1", "0"}
SINKS |= {"fe80::1%lo0", "255.255.255.255", "ff00::0", "ff02::1", "ff02::2"}
"""The addresses that a line of a hosts file begins with."""

_LEAST_PREFIX = {4: 8, 6: 16}
"""Of a network whose addresses one line may block."""

_OF_THE_MACHINE = {"localhost.localdomain", "0.0.0.0", "127.0.0.1"}


class Meaning(Enum):
    """What a line does; the value ends the sentence "it blocks ..."."""

    BELOW = "the name and everything below it"
    ONLY_BELOW = "everything below the name, and not the name"
    EXACTLY = "exactly this name"
    AS_THE_LIST = "exactly this name, or everything below it too: see below"
    LONGER = "the name, everything below it, and names that go on: `ads.example.community`"
    BEGINS = "names that begin so"
    LABEL_BEGINS = "names that begin so, or whose labels from one on do"
    ENDS = "names that end so, also within a label: `bads.example.com`"
    ANYWHERE = "names that have this anywhere"
    STAR = "the same as without a star, which stands for anything"
    REGEX = "names in which the regular expression (RE2) is found"
    IMPORTANT = "the name and everything below it, whatever exceptions without `$important` say"
    BUT_FOR = "the name and everything below it, but for what is named there and below that"
    OF_TYPES = "the name and everything below it, for questions of these types (or with `~` of all others)"
    ADDRESS = "answers that have this address"
    NETWORK = "answers that have an address of this network"
    LIFTS_ONLY_BELOW = "nothing: it is an exception for everything below the name, and not the name, for all lists"
    LIFTS_BELOW = "nothing: it is an exception for the name and everything below it, for all lists"
    LIFTS_EXACTLY = "nothing: it is an exception for exactly this name, for all lists"
    VOIDS = "nothing: it takes this one line back, wherever in the list it is"


Read = Callable[[str, list[str], Parsed], bool]
"""Takes a line in lower case without its comment, and the words of it, one at least. True if it is of this format: then
it is in Parsed, as rules or as a count."""


class Format(NamedTuple):
    """`examples` are about ads.example.com, good.ads.example.com where that is not blocked, and 192.0.2.7. `reader`
    makes what reads the lines of one list."""

    name: str
    examples: Mapping[str, Meaning]
    reader: Callable[[], Read]


def _hosts(text: str, words: list[str], parsed: Parsed) -> bool:
    if words[0] not in SINKS:
        return False
    for word in text.partition("#")[0].split()[1:]:  # hosts(5): a comment begins anywhere
        name = word.removesuffix(".")
        if "." not in name or name in _OF_THE_MACHINE:
            continue  # localhost, ip6-allnodes, the machine's own name
        if not parsed.keep(name.removeprefix("*."), BLOCKS_BELOW if name.startswith("*.") else BLOCKS):
            parsed.report.count_junk(word)
    return True


def _dnsmasq(text: str, words: list[str], parsed: Parsed) -> bool:
    names = dnsmasq(text) if len(words) == 1 else []
    for name in names:
        if not parsed.keep(name, BLOCKS_BELOW):
            parsed.report.leave_out(Why.OTHER_FORMAT, text)
    return bool(names)


def _policy_zone() -> Read:
    zone = PolicyZone()

    def read(text: str, words: list[str], parsed: Parsed) -> bool:
        entry = zone.read(words) if len(words) > 1 else None
        if entry is not None:
            _keep_entry(entry, text, parsed)
            return True
        is_of_zone = zone.is_one or words[-2] == "cname" if len(words) > 1 else zone.is_one and _is_of_soa(text)
        if is_of_zone:
            changes = len(words) > 1 and words[-2] in ("cname", "a", "aaaa")
            parsed.report.leave_out(Why.CHANGES_ANSWERS if changes else Why.OF_THE_ZONE, text)
        return is_of_zone

    return read


def _keep_entry(entry: Entry, text: str, parsed: Parsed) -> None:
    below, itself = (LIFTS_ONLY_BELOW, LIFTS) if entry.lifts else (BLOCKS_ONLY_BELOW, BLOCKS)
    if entry.trigger:
        try:
            _keep_trigger(entry, itself, text, parsed)
        except LeftOut as left:
            parsed.report.leave_out(left.why, text, left.detail)
    elif not parsed.keep(entry.name, below if entry.covers_below else itself):
        parsed.report.leave_out(Why.OF_THE_ZONE, text)


def _keep_trigger(entry: Entry, kind: int, text: str, parsed: Parsed) -> None:
    """Raises LeftOut."""
    if entry.trigger != "rpz-ip":
        raise LeftOut(Why.OF_ONE_DEVICE if entry.trigger == "rpz-client-ip" else Why.OF_SERVERS, entry.trigger)
    network = network_of(entry.name)
    if network is None:
        raise LeftOut(Why.OF_NETWORKS)
    if network.prefixlen == network.max_prefixlen:
        parsed.keep_address(str(network.network_address), kind)
        return
    if network.prefixlen < _LEAST_PREFIX[network.version]:
        raise LeftOut(Why.TOO_WIDE)
    regex = regex_of(network)
    if regex is None:
        raise LeftOut(Why.OF_NETWORKS)
    parsed.keep_pattern(Pattern(text, regex, LIFT if entry.lifts else BLOCK))


def _is_of_soa(text: str) -> bool:
    """It may stand on several lines."""
    return text.isdecimal() or text in "()"


def _domain(text: str, words: list[str], parsed: Parsed) -> bool:
    name = text.removeprefix("*").removeprefix(".").removesuffix(".")
    # A word without a dot is more likely prose than a whole top-level domain; `*.zip` says that it is meant.
    is_meant = len(words) == 1 and ("." in name or text.startswith(("*.", ".")))
    return is_meant and parsed.keep(name, BLOCKS_BELOW if text.startswith(("*", ".")) else PLAIN)


FORMATS = (
    Format("hosts", {"0.0.0.0 ads.example.com": Meaning.EXACTLY}, lambda: _hosts),
    Format(
        "Adblock",
        {
            "||ads.example.com^": Meaning.BELOW,
            "|ads.example.com^": Meaning.EXACTLY,
            ".ads.example.com^": Meaning.ONLY_BELOW,
            "||ads.example.com": Meaning.LONGER,
            "|ads.": Meaning.BEGINS,
            "://ads.": Meaning.BEGINS,
            "||ads.": Meaning.LABEL_BEGINS,
            "ads.example.com^": Meaning.ENDS,
            "-ads.": Meaning.ANYWHERE,
            "||ad*.example.com^": Meaning.STAR,
            r"/^ads?\.example\.com$/": Meaning.REGEX,
            "||ads.example.com^$important": Meaning.IMPORTANT,
            "||ads.example.com^$denyallow=good.ads.example.com": Meaning.BUT_FOR,
            "||ads.example.com^$dnstype=AAAA|HTTPS": Meaning.OF_TYPES,
            "||192.0.2.7^": Meaning.ADDRESS,
            "@@||good.ads.example.com^": Meaning.LIFTS_BELOW,
            "@@|good.ads.example.com^": Meaning.LIFTS_EXACTLY,
            "||ads.example.com^$badfilter": Meaning.VOIDS,
        },
        lambda: adblock.read,
    ),
    Format(
        "dnsmasq",
        {"address=/ads.example.com/0.0.0.0": Meaning.BELOW, "local=/ads.example.com/": Meaning.BELOW},
        lambda: _dnsmasq,
    ),
    Format(
        "policy zones (RPZ)",
        {
            "ads.example.com CNAME .": Meaning.EXACTLY,
            "*.ads.example.com CNAME .": Meaning.ONLY_BELOW,
            "good.ads.example.com CNAME rpz-passthru.": Meaning.LIFTS_EXACTLY,
            "*.good.ads.example.com CNAME rpz-passthru.": Meaning.LIFTS_ONLY_BELOW,
            "32.7.2.0.192.rpz-ip CNAME .": Meaning.ADDRESS,
            "24.0.2.0.192.rpz-ip CNAME .": Meaning.NETWORK,
        },
        _policy_zone,
    ),
    Format(
        "domains",
        {"ads.example.com": Meaning.AS_THE_LIST, "*.ads.example.com": Meaning.BELOW, ".ads.example.com": Meaning.BELOW},
        lambda: _domain,
    ),
)
"""In the order in which a line is offered to them."""

NAMES = ", ".join(each.name for each in FORMATS[:-1]) + f" or {FORMATS[-1].name}"
